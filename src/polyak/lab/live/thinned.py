"""A long curve in few points, with each of its spikes still there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MOST = 2000  # points of a curve, more than a screen has columns

Column = NDArray[np.float64]


def thinned(x: Column, y: Column, most: int = MOST) -> tuple[Column, Column]:
    """The lowest and the highest point of each stretch, in their order; every point of a curve that is short.

    Points that are not finite are left out.

    >>> y = np.zeros(10_000)
    >>> y[[412, 7001]] = 5.0, -3.0
    >>> x, few = thinned(np.arange(10_000.0), y)
    >>> len(few) <= 2000, x[few == 5.0].tolist(), x[few == -3.0].tolist()
    (True, [412.0], [7001.0])
    """
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    if len(y) <= most:
        return x, y
    ends = np.linspace(0, len(y), most // 2 + 1).astype(int)
    kept = [
        first + at
        for first, last in pairwise(ends)
        for at in sorted({int(np.argmin(y[first:last])), int(np.argmax(y[first:last]))})
    ]
    return x[kept], y[kept]
