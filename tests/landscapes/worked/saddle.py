"""The landscape saddle on paper: values, its gradient in another spelling, how far its minimisers reach."""

from __future__ import annotations

from typing import Any

BY_HAND = [
    ((2, 1), 3),
    ((-1, 3), -8),
]
MINIMISERS = 0


def closed(x: float, y: float) -> Any:
    return (x - y) * (x + y), [2 * x, -2 * y]
