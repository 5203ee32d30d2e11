"""How a number is spelled where people read it: one function, so that no line shows thirty digits or rounds to 0."""

from __future__ import annotations

import math
from typing import Any, SupportsFloat, cast

ALIKE = (
    1e-4  # how far two losses of the same rows may be apart, of their size: sums in another order, in float32
)
SMALLEST = 1e-12  # of a loss: below it two are alike, whatever their signs


def readable(value: SupportsFloat, digits: int = 4, *, places: int | None = None) -> str:
    """`value` for people: so many significant digits, or so many decimal places where that says something.

    Args:
        value: a number; inf and nan are spelled so.
        digits: significant digits, from 1.
        places: decimal places, for columns whose numbers stand under each other: kept while the number has at most
            `digits` + `places` digits in all and does not round to 0; else it is spelled by its digits alone.

    >>> readable(1234567.8), readable(0.0000123456), readable(7), readable(float("inf"))
    ('1.235e+06', '1.235e-05', '7', 'inf')
    >>> readable(-0.0000734, 6, places=6), readable(-2.2e38, 6, places=6), readable(0, places=6)
    ('-0.000073', '-2.2e+38', '0.000000')
    """
    number = float(value)
    if places is not None and math.isfinite(number):
        small, large = 0.5 * 10.0**-places, 10.0**digits
        if number == 0 or small <= abs(number) < large:
            return f"{number:.{places}f}"
    return f"{number:.{digits}g}"


def alike(one: float, other: float, within: float = ALIKE) -> bool:
    """Whether two losses are the same up to the rounding of float32's sums; nan is like nothing.

    >>> alike(1.0, 1.00005), alike(1.0, 1.001), alike(float("nan"), float("nan"))
    (True, False, False)
    """
    return abs(one - other) <= within * max(abs(one), abs(other), SMALLEST)


def as_float(value: object) -> float:
    """`float(value)`, of a value that somebody gave: a TypeError or a ValueError where it is no number.

    >>> as_float("0.5"), as_float(2)
    (0.5, 2.0)
    """
    return float(cast("Any", value))
