"""How a plane is cut into chunks: each a region of the store, computed and written whole."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

WORK = 2e9  # operations of a chunk: some tenths of a second, so that what is lost by a kill is little
MOST_CELLS = 1 << 17
MOST_BYTES = 1 << 26  # of what a chunk records
AT_LEAST = 16  # chunks of a plane that is large enough, so that many cores have their share

Region = tuple[slice, ...]


def chunk_shape(shape: Sequence[int], work: float, recorded_bytes: int, lanes: int) -> tuple[int, ...]:
    """The shape of a chunk, cells that follow one another in the plane's order.

    Args:
        shape: of the plane.
        work: operations of a cell.
        recorded_bytes: of a cell.
        lanes: cells of a block, which no chunk of a large plane is smaller than.

    >>> chunk_shape((1000, 1000), work=4000, recorded_bytes=8, lanes=1024)
    (62, 1000)
    """
    cells = math.prod(shape)
    most = min(MOST_CELLS, int(WORK / work), MOST_BYTES // recorded_bytes, -(-cells // AT_LEAST))
    most = max(most, min(lanes, MOST_BYTES // recorded_bytes), 1)
    return nearest_shape(shape, most)


def nearest_shape(shape: Sequence[int], cells: int) -> tuple[int, ...]:
    """The largest chunk of at most so many cells that follow one another in the plane's order.

    >>> nearest_shape((5, 4, 10), 25)
    (1, 2, 10)
    """
    found = [1] * len(shape)
    for axis in reversed(range(len(shape))):
        found[axis] = max(1, min(shape[axis], cells // math.prod(found[axis + 1 :])))
        if found[axis] < shape[axis]:
            break
    return tuple(found)


def regions(shape: Sequence[int], chunk: Sequence[int]) -> Iterator[Region]:
    """The regions of a plane, in its order.

    >>> list(regions((3, 2), (2, 2)))
    [(slice(0, 2, None), slice(0, 2, None)), (slice(2, 3, None), slice(0, 2, None))]
    """
    along = [
        [slice(first, min(first + size, length)) for first in range(0, length, size)]
        for length, size in zip(shape, chunk, strict=True)
    ]
    yield from itertools.product(*along)


def count(shape: Sequence[int], chunk: Sequence[int]) -> int:
    """How many regions there are."""
    return math.prod(-(-length // size) for length, size in zip(shape, chunk, strict=True))


def size(region: Region) -> int:
    """How many cells a region has.

    >>> size((slice(2, 4), slice(0, 3)))
    6
    """
    return math.prod(part.stop - part.start for part in region)
