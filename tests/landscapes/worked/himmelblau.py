"""The landscape himmelblau on paper: values, its gradient in another spelling, how far its minimisers reach."""

from __future__ import annotations

from typing import Any

BY_HAND = [
    ((0, 0), 170),
    ((1, 2), 68),
    ((-0.5, -1), 180.3125),
]
MINIMISERS = 4
REACH = 1.0  # no point is as low so near to a minimiser: the next stationary point is farther


def closed(x: float, y: float) -> Any:
    value = x**4 + 2 * x * x * y - 21 * x * x + 2 * x * y * y - 14 * x + y**4 - 13 * y * y - 22 * y + 170
    return value, [
        4 * x**3 + 4 * x * y - 42 * x + 2 * y * y - 14,
        2 * x * x + 4 * x * y + 4 * y**3 - 26 * y - 22,
    ]
