"""AdEMAMix on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from polyak.rules import AdEMAMix
from sums import Vector, average, lr

BY_HAND = [
    # Adam's corrected mean 3, 1/3, 9/7 and squares 9, 31/7, 157/37; the slow mean 0.75, 0.3125, 0.734375
    (
        AdEMAMix(lr, 0.5, 0.75, 0.75, alpha=2.0, eps=1.0),
        (
            -0.1 * (3 + 1.5) / 4,
            -0.4 * (1 / 3 + 0.625) / (sqrt(31 / 7) + 1),
            -0.2 * (9 / 7 + 1.46875) / (sqrt(157 / 37) + 1),
        ),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    t = len(G)
    mixed = average(rule.beta1, G) / (1 - rule.beta1**t) + rule.alpha * average(rule.beta3, G)
    squares = average(rule.beta2, np.square(G)) / (1 - rule.beta2**t)
    return -rates[-1] * mixed / (np.sqrt(squares) + rule.eps)
