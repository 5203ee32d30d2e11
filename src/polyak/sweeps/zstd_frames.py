"""Chunks as they lie in a store: whether the bytes are a whole chunk, and no more than one."""

from __future__ import annotations

from numcodecs import zstd

MAGIC = 0xFD2FB528  # of a Zstandard frame, RFC 8878, 3.1.1


CHECKSUM, ONE_SEGMENT, UNUSED = 0b100, 0b100000, 0b11000  # bits of its descriptor


def holds(content: bytes, size: int) -> bool:
    """Whether Zstandard's header says that `size` bytes come out: looked at before there is room made for them.

    >>> from numcodecs import zstd
    >>> holds(zstd.compress(bytes(1000)), 1000), holds(zstd.compress(bytes(2**20)), 1000)
    (True, False)
    """
    at, width = _header(content)
    said = int.from_bytes(content[at - width : at], "little") + (256 if width == 2 else 0)
    return width > 0 and said == size


def is_whole(content: bytes, size: int) -> bool:
    """Whether the bytes are one frame, become `size` bytes again and have their checksum.

    >>> from numcodecs import zstd
    >>> whole = zstd.compress(bytes(1000), 0, True)
    >>> is_whole(whole, 1000), is_whole(whole[:-1], 1000), is_whole(whole + bytes(1), 1000)
    (True, False, False)
    """
    if not holds(content, size) or content[4] & (CHECKSUM | UNUSED) != CHECKSUM:
        return False
    if _end(content) != len(content):
        return False
    try:
        zstd.decompress(content, bytearray(size))
    except (RuntimeError, ValueError):
        return False
    return True


def _header(content: bytes) -> tuple[int, int]:
    """How long a frame's header is, and how many bytes at its end are the content's size; none where it is no frame.

    Source: RFC 8878, 3.1.1.1: a descriptor, then a window's byte, a dictionary's number and the content's size, each
    where the descriptor says so.
    """
    if len(content) < 6 or int.from_bytes(content[:4], "little") != MAGIC:
        return 0, 0
    descriptor = content[4]
    one_segment = bool(descriptor & ONE_SEGMENT)
    width = (0, 2, 4, 8)[descriptor >> 6] or int(one_segment)
    return 5 + (not one_segment) + (0, 1, 2, 4)[descriptor & 3] + width, width


def _end(content: bytes) -> int:
    """Where a frame ends: behind its blocks, each with its length before it, and a checksum. RFC 8878, 3.1.1.2."""
    at, last = _header(content)[0], False
    while not last and at + 3 <= len(content):
        block = int.from_bytes(content[at : at + 3], "little")
        last, repeated = bool(block & 1), block >> 1 & 3 == 1
        at += 3 + (1 if repeated else block >> 3)
    return at + 4
