"""A function of one number whose gradient is piecewise linear: curvatures as given, from breakpoint to breakpoint."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.types import Array
from polyak.landscapes.landscape import Landscape, checked_point


def piecewise_quadratic(
    breakpoints: Sequence[float], curvatures: Sequence[float], *, start: float = 1.0, name: str | None = None
) -> Landscape:
    r"""The function with f(0) = f'(0) = 0 and f'' = curvatures[k] up to breakpoints[k], the last one beyond them all.

    Args:
        breakpoints: n rising numbers, at least one.
        curvatures: n + 1 numbers over 0.
        start: where a descent begins.
        name: "piecewise:" and the curvatures by default.

    Raises PolyakError for numbers that are not finite, do not rise, or are of another count.

    Source: Lessard, L., Recht, B. & Packard, A. (2016). Analysis and design of optimization algorithms via integral
    quadratic constraints, section 4.6: such a function, on which the best heavy ball of quadratics cycles for ever.

    >>> f = piecewise_quadratic([1.0, 2.0], [25.0, 1.0, 25.0], start=3.3)
    >>> f.gradient([[-1.0], [1.5], [3.0]]).ravel()
    array([-25. ,  25.5,  51. ])
    """
    b, curved = np.array(checked_point("breakpoints", breakpoints)), checked_point("curvatures", curvatures)
    if not all(low < high for low, high in pairwise(b)):
        raise PolyakError(f"breakpoints are {list(b)}, expected rising numbers")
    if len(curved) != len(b) + 1 or min(curved) <= 0:
        raise PolyakError(f"curvatures are {list(curved)}, expected {len(b) + 1} numbers over 0")
    changes = np.diff(curved)

    def function(x: Array) -> Array:
        xp = array_namespace(x)
        at, change = xp.asarray(b, dtype=x.dtype), xp.asarray(changes, dtype=x.dtype)
        past, past_0 = xp.maximum(x[0] - at, 0 * at), xp.maximum(-at, 0 * at)
        value: Array = curved[0] * x[0] ** 2 / 2 + xp.sum(
            change * ((past**2 - past_0**2) / 2 - past_0 * x[0])
        )
        return value

    begin = checked_point("start", [start])
    low, high = min(b[0], begin[0], 0.0), max(b[-1], begin[0], 0.0)
    margin = 0.2 * (high - low)
    words = ",".join(readable(value) for value in curved)
    return Landscape(
        name=name or f"piecewise:{words}",
        function=function,
        start=begin,
        minimisers=((0.0,),),
        window=((float(low - margin), float(high + margin)), (-1.0, 1.0)),
        formula=r"f''(x) = " + r"\ |\ ".join(_piece(k, b, value) for k, value in enumerate(curved)),
        source=f"curvatures {words} with breaks at {', '.join(readable(value) for value in b)}",
    )


def _piece(k: int, b: NDArray[np.float64], curvature: float) -> str:
    where = f"x < {readable(b[0])}" if k == 0 else rf"x \geq {readable(b[k - 1])}"
    return rf"{readable(curvature)}\ ({where})"
