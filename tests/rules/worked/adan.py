"""Adan on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from polyak.rules import Adan
from sums import Vector, average, lr

# The changes are 0, -4, 3 and their corrected mean 0, -16/7, 0; the corrected mean of the gradients 3, 1/3, 9/7.
BY_HAND = [
    # squares 9, 16, 18.0625
    (
        Adan(lr, 0.5, 0.75, 0.5, eps=1.0),
        (
            -0.1 * 3 / 4,
            -0.4 * (1 / 3 - 12 / 7) / (sqrt(41 / 3) + 1),
            -0.2 * 9 / 7 / (sqrt(113.25 / 7) + 1),
        ),
    ),
    # squares 9, 4, 7.5625
    (
        Adan(lr, 0.5, 0.75, 0.5, eps=1.0, eps_root=7.0, look_ahead="1 - beta2"),
        (
            -0.1 * 3 / 5,
            -0.4 * (1 / 3 - 4 / 7) / (sqrt(38 / 3) + 1),
            -0.2 * 9 / 7 / (sqrt(13.75) + 1),
        ),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    t = len(G)
    w = rule.beta2 if rule.look_ahead == "beta2" else 1 - rule.beta2
    changes = np.diff(G, axis=0, prepend=G[:1])
    ahead = average(rule.beta1, G) / (1 - rule.beta1**t) + w * average(rule.beta2, changes) / (
        1 - rule.beta2**t
    )
    squares = average(rule.beta3, np.square(G + w * changes)) / (1 - rule.beta3**t)
    return -rates[-1] * ahead / (np.sqrt(squares + rule.eps_root) + rule.eps)
