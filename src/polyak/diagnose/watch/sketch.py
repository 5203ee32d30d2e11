r"""A few parameters of a training, by which a later one is told to go on with it or to be another.

A training that goes on, a while past its store's end too, has much in common with one of the store's sketches; one of
another seed has nothing:

    max_k cos(s, s_k) >= 1/2

One that stands to the bit where the first began, though that went on, was begun again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.live import Arrays
from polyak.ground.errors import PolyakError

ENTRIES = 64
ALIKE = 0.5  # the least cosine


def sketch_of(parameters: Arrays) -> tuple[float, ...]:
    """Every so manyth entry, of the arrays with two axes or more where there are such: biases often begin at 0, and
    scales at 1, whatever the seed.

    >>> sketch_of((np.arange(6.0).reshape(2, 3), np.ones(9)))
    (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
    """
    matrices = tuple(x for x in parameters if np.ndim(x) >= 2) or parameters
    stride = max(1, -(-sum(x.size for x in matrices) // ENTRIES))
    return tuple(float(value) for x in matrices for value in np.asarray(x).reshape(-1)[::stride])


def require_same_run(
    now: Sequence[float], start: Sequence[float], pieces: Sequence[Sequence[float]], store: str
) -> None:
    """Refuse a store of another seed, and of the same one begun again.

    Args:
        now: the sketch of the training that would be written.
        start: of the store's, at its beginning; empty where an older version wrote it.
        pieces: of the store's, at the ends of its pieces, in their order.
        store: what it is called.

    >>> require_same_run([1.0, 0.0], [1.0, 0.1], [[1.0, 0.3]], "run.zarr")
    >>> require_same_run([0.0, -1.0], [1.0, 0.1], [[1.0, 0.3]], "run.zarr")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: run.zarr holds another run, of other initial parameters: expected a store of its own
    """
    s = np.asarray(now, dtype=np.float64)
    way = _finite((start, *pieces), len(s))
    if len(way) < 2 or not np.isfinite(s).all():
        return
    own = f"{store} holds another run, of other initial parameters: expected a store of its own"
    if np.array_equal(s, way[0]) and not np.array_equal(s, way[-1]):
        raise PolyakError(
            f"{store} holds a run that began where this one does and went on: expected its last checkpoint, or a store"
            " of its own for another run"
        )
    if max(_cosine(s, each) for each in way) < ALIKE:
        raise PolyakError(own)


def _finite(sketches: Sequence[Sequence[float]], size: int) -> list[NDArray[np.float64]]:
    """Those of this size whose numbers are finite."""
    seen = [np.asarray(each, dtype=np.float64) for each in sketches if len(each) == size]
    return [each for each in seen if np.isfinite(each).all()]


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size > 0 else 1.0
