"""Adadelta on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from polyak.rules import Adadelta
from sums import Vector, average, lr

BY_HAND = [
    # RMSProp's s; d_1 = 3/sqrt(3.25), and u = d_1^2 / 4 = 9/13 afterwards
    (
        Adadelta(lr, decay=0.75, eps=1.0),
        (
            -0.1 * 3 / sqrt(3.25),
            0.4 * sqrt(22 / 13) / sqrt(2.9375),
            -0.2 * 2 * sqrt(27 / 52 + 22 / 13 / 2.9375 / 4 + 1) / sqrt(3.453125),
        ),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    taken: list[Vector] = []
    for n in range(1, len(G) + 1):
        u = average(rule.decay, np.square(taken)) if taken else np.zeros_like(x)
        s = average(rule.decay, np.square(G[:n]))
        taken.append(G[n - 1] * np.sqrt((u + rule.eps) / (s + rule.eps)))
    return -rates[-1] * taken[-1]
