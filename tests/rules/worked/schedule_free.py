"""Schedule-Free SGD on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

from averages import moved
from polyak.rules import ScheduleFree
from sums import Vector, lr

BY_HAND = [
    # weights 0.01, 0.16, 0.16: c = 1, 16/17, 16/33; z = 4.7, 5.1; x = 4.7, 5.1 - 0.3/17
    (
        ScheduleFree(lr, 0.75),
        (-0.3, 0.4 * (1 - 0.75 / 17), 16 / 33 * 0.3 / 17 - 0.4 * (1 - 0.75 * 17 / 33)),
    ),
    # weights 0.1, 0.8, 1.2: c = 1, 8/9, 4/7; x = 4.7, 5.1 - 0.3/9
    (
        ScheduleFree(lr, 0.75, weight_lr_power=1.0, r=1.0),
        (-0.3, 0.4 * (1 - 0.75 / 9), 4 / 7 * 0.3 / 9 - 0.4 * (1 - 0.75 * 3 / 7)),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return moved(rule, rule.momentum, G, rates)
