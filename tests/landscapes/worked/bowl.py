"""The landscape bowl on paper: values, its gradient in another spelling, how far its minimisers reach."""

from __future__ import annotations

import math
from typing import Any

BY_HAND = [
    ((-5, -2), 33),
    ((3, -1), 11),
]
MINIMISERS = 1
REACH = 100.0  # no point is as low so near to a minimiser: the next stationary point is farther


def closed(x: float, y: float) -> Any:
    return math.hypot(x, math.sqrt(2) * y) ** 2, [2 * x, 4 * y]
