"""The landscape cliff on paper: values, its gradient in another spelling, how far its minimisers reach."""

from __future__ import annotations

import math
from typing import Any

BY_HAND = [
    ((1, 2), 0.5 + 4 * math.tanh(1)),
    ((0, -2), 0.4),
]
MINIMISERS = 1
REACH = 100.0  # no point is as low so near to a minimiser: the next stationary point is farther


def closed(x: float, y: float) -> Any:
    # tanh z = 1 - 2 / (e^(2z) + 1), and its derivative 1 / cosh^2 z.
    z = min(x**8, 300.0)
    value = 0.1 * math.hypot(x, y) ** 2 + 4 * (1 - 2 / (math.exp(2 * z) + 1))
    return value, [0.2 * x + 32 * x**7 / math.cosh(z) ** 2, 0.2 * y]
