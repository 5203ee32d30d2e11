"""Schedule-Free AdamW on paper: its first three steps, and the sum that it stands for, without its weight decay."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from averages import moved
from polyak.rules import ScheduleFreeAdam
from sums import Vector, average, lr

# Of the scaled gradients u the first is 3/4; the others are
SECOND, THIRD = -1 / (sqrt(31 / 7) + 1), 2 / (sqrt(157 / 37) + 1)
PULLED = SECOND + 0.5 * 4.675  # with half of x = 4.675 beside it
END = 4.675 - 0.4 * (1 - 0.75 / 17) * PULLED
BY_HAND = [
    (
        ScheduleFreeAdam(lr, 0.75, 0.75, eps=1.0),
        (
            -0.075,
            -0.4 * (1 - 0.75 / 17) * SECOND,
            -16 / 33 * 0.3 / 17 * SECOND - 0.2 * (1 - 0.75 * 17 / 33) * THIRD,
        ),
    ),
    (
        ScheduleFreeAdam(lr, 0.75, 0.75, eps=1.0, inner_decay=0.5),
        (
            -0.325,
            END - 4.675,
            -16 / 33 * 0.3 / 17 * PULLED - 0.2 * (1 - 0.75 * 17 / 33) * (THIRD + 0.5 * END),
        ),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    seen = range(1, len(G) + 1)
    squares = [average(rule.beta2, np.square(G[:t])) / (1 - rule.beta2**t) for t in seen]
    return moved(rule, rule.beta1, G / (np.sqrt(squares) + rule.eps), rates)
