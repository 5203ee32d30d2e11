"""A quadratic of given curvatures, turned as asked, in any dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import ArrayLike, NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.limits import check_memory
from polyak.ground.numbers import readable
from polyak.ground.types import Array
from polyak.landscapes.landscape import Landscape, checked_point

FEW = 16  # dimensions, to which a quadratic's function is remembered


def quadratic(
    eigenvalues: Sequence[float],
    *,
    rotation: ArrayLike = 0.0,
    minimiser: Sequence[float] | None = None,
    start: Sequence[float] | None = None,
) -> Landscape:
    r"""The quadratic f(x) = (x - c)^T Q diag(lambda) Q^T (x - c) / 2.

    Args:
        eigenvalues: the curvatures lambda, n finite numbers; negative ones make a saddle.
        rotation: Q, an orthogonal (n, n) matrix, or an angle in degrees in the plane of x1 and x2.
        minimiser: c, n numbers; the origin by default.
        start: n numbers; -1 in every coordinate of the curvatures' own axes, seen from c, by default.

    Raises PolyakError for numbers that are not finite, other shapes, or a Q that is not orthogonal.

    >>> f = quadratic([1.0, 4.0], rotation=90)
    >>> round(f([1.0, 0.0]), 12), round(f([0.0, 1.0]), 12)
    (2.0, 0.5)
    """
    curvatures = np.array(checked_point("eigenvalues", eigenvalues))
    n = len(curvatures)
    check_memory(f"a quadratic of {n:,} curvatures", 3 * 8 * n * n)
    Q = _orthogonal(rotation, n)
    H = Q @ np.diag(curvatures) @ Q.T
    c = np.zeros(n) if minimiser is None else np.array(checked_point("minimiser", minimiser))
    if len(c) != n:
        raise PolyakError(f"minimiser has {len(c)} coordinates, expected {n}")

    begin = tuple(float(value) for value in c - Q @ np.ones(n))
    reach = 1.5 * math.sqrt(n)
    shown = c[:2] if n > 1 else np.array([c[0], 0.0])
    landscape = Landscape(
        name=f"quadratic:{','.join(f'{readable(value, 6)}' for value in curvatures)}",
        function=_remembered(H.tobytes(), c.tobytes()) if n <= FEW else _function(H, c),
        start=begin,
        minimisers=(tuple(float(value) for value in c),) if (curvatures > 0).all() else (),
        window=(
            (float(shown[0] - reach), float(shown[0] + reach)),
            (float(shown[1] - reach), float(shown[1] + reach)),
        ),
        formula=r"f(x) = \frac{1}{2} (x - c)^T Q\, \mathrm{diag}(\lambda)\, Q^T (x - c)",
        source=f"curvatures {', '.join(f'{readable(value, 6)}' for value in curvatures)}",
    )
    return landscape if start is None else landscape.starting_at(start)


def _function(H: NDArray[np.float64], c: NDArray[np.float64]) -> Callable[[Array], Array]:
    """(x - c)^T H (x - c) / 2."""

    def function(x: Array) -> Array:
        xp = array_namespace(x)
        d = x - xp.asarray(c, dtype=x.dtype)
        value: Array = (d @ (xp.asarray(H, dtype=x.dtype) @ d)) / 2
        return value

    return function


@lru_cache(maxsize=256)
def _remembered(H: bytes, c: bytes) -> Callable[[Array], Array]:
    """The same, one function for each quadratic: what was compiled for it serves when it is named again."""
    centre = np.array(np.frombuffer(c))  # torch takes no array that cannot be written
    return _function(np.array(np.frombuffer(H)).reshape(len(centre), len(centre)), centre)


def _orthogonal(rotation: ArrayLike, n: int) -> NDArray[np.float64]:
    try:
        given = np.asarray(rotation, dtype=np.float64)
    except (TypeError, ValueError):
        given = np.empty(0)
    if given.ndim == 0:
        angle = math.radians(checked_point("rotation", [given])[0])
        Q = np.eye(n)
        if angle and n < 2:
            raise PolyakError("rotation needs two dimensions or more")
        if n > 1:
            Q[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        return Q
    if given.shape != (n, n) or not np.allclose(given @ given.T, np.eye(n), atol=1e-9):
        raise PolyakError(f"rotation is neither an angle in degrees nor an orthogonal {n} by {n} matrix")
    return given
