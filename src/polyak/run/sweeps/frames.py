"""Chunks as they lie in a store: whether the bytes are a whole chunk, and no more than one."""

from __future__ import annotations

import math
from typing import Any

from numcodecs import zstd

MAGIC = 0xFD2FB528  # of a Zstandard frame, RFC 8878, 3.1.1


def holds(content: bytes, size: int) -> bool:
    """Whether Zstandard's header says that `size` bytes come out: looked at before there is room made for them.

    Source: RFC 8878, 3.1.1.1: a descriptor, then a window's byte, a dictionary's number and the content's size, each
    where the descriptor says so.

    >>> from numcodecs import zstd
    >>> holds(zstd.compress(bytes(1000)), 1000), holds(zstd.compress(bytes(2**20)), 1000)
    (True, False)
    """
    if len(content) < 6 or int.from_bytes(content[:4], "little") != MAGIC:
        return False
    descriptor = content[4]
    one_segment, width = descriptor >> 5 & 1, (0, 2, 4, 8)[descriptor >> 6]
    width = width or one_segment
    at = 5 + (not one_segment) + (0, 1, 2, 4)[descriptor & 3]
    said = int.from_bytes(content[at : at + width], "little") + (256 if width == 2 else 0)
    return width > 0 and said == size


def is_whole(content: bytes, size: int) -> bool:
    """Whether the bytes become `size` bytes again and have their checksum.

    >>> from numcodecs import zstd
    >>> whole = zstd.compress(bytes(1000), 0, True)
    >>> is_whole(whole, 1000), is_whole(whole[:-1], 1000)
    (True, False)
    """
    if not holds(content, size):
        return False
    try:
        zstd.decompress(content, bytearray(size))
    except (RuntimeError, ValueError):
        return False
    return True


def bytes_of_a_chunk(array: Any) -> int:
    """How many bytes a chunk of a Zarr array is, uncompressed."""
    return int(math.prod(array.chunks)) * int(array.dtype.itemsize)
