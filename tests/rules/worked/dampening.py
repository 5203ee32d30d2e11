"""Dampening on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyak.rules import Dampening
from sums import Vector, fading, lr

BY_HAND = [
    # a quarter of each gradient is lost: v = 2.25, then 1.125 - 0.75, then 0.1875 + 1.5
    (Dampening(lr, 0.5, 0.25), (-0.1 * 2.25, -0.4 * 0.375, -0.2 * 1.6875)),
    # the first gradient whole: v = 3, then 1.5 - 0.75, then 0.375 + 1.5
    (
        Dampening(lr, 0.5, 0.25, initial_velocity="first_gradient"),
        (-0.1 * 3, -0.4 * 0.75, -0.2 * 1.875),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    taken = np.full(len(G), 1 - rule.dampening)
    if rule.initial_velocity == "first_gradient":
        taken[0] = 1
    return -rates[-1] * fading(rule.momentum, (taken * G.T).T)
