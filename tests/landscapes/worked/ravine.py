"""The landscape ravine on paper: values, its gradient in another spelling, how far its minimisers reach."""

from __future__ import annotations

from typing import Any

BY_HAND = [
    ((-5, -2), 10.5),
    ((3, 1), 2.9),
    ((0, 0), 0),
]
MINIMISERS = 1
REACH = 100.0  # no point is as low so near to a minimiser: the next stationary point is farther


def closed(x: float, y: float) -> Any:
    return x * x / 10 + 2 * y * y, [x / 5, 4 * y]
