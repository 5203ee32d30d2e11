"""The landscape beale on paper: values, its gradient in another spelling, how far its minimisers reach."""

from __future__ import annotations

from typing import Any

BY_HAND = [
    ((0, 0), 14.203125),
    ((1, 1.5), 41.25),
]
MINIMISERS = 1
REACH = 1.5  # no point is as low so near to a minimiser: the next stationary point is farther


def closed(x: float, y: float) -> Any:
    a, b, c = 1.5 + x * (y - 1), 2.25 + x * (y**2 - 1), 2.625 + x * (y**3 - 1)
    slope = [
        2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1)),
        2 * x * (a + 2 * b * y + 3 * c * y**2),
    ]
    return a * a + b * b + c * c, slope
