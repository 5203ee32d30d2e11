"""The landscape rastrigin on paper: values, its gradient in another spelling, how far its minimisers reach."""

from __future__ import annotations

import math
from typing import Any

TURN = 2 * math.pi
BY_HAND = [
    ((1, -2), 5),
    ((0.5, 0.5), 40.5),
    ((0.25, 0), 10.0625),
]
MINIMISERS = 1
REACH = 100.0  # no point is as low so near to a minimiser: the next stationary point is farther


def closed(x: float, y: float) -> Any:
    # By the half angle: 1 - cos(2 pi x) = 2 sin^2(pi x).
    value = x * x + y * y + 20 * (math.sin(math.pi * x) ** 2 + math.sin(math.pi * y) ** 2)
    return value, [2 * x + 10 * TURN * math.sin(TURN * x), 2 * y + 10 * TURN * math.sin(TURN * y)]
