"""Lion on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyak.rules import Lion
from sums import Vector, average, lr

BY_HAND = [
    # m = 0, 2.25, -0.1875 seen through 3/4: signs of 0.75, 1.6875 - 0.25, -0.140625 + 0.5
    (Lion(lr, 0.75, 0.25), (-0.1, -0.4, -0.2)),
    # x = 5, 4.65, 3.32 pulls too
    (Lion(lr, 0.75, 0.25, weight_decay=0.5), (-0.1 * 3.5, -0.4 * 3.325, -0.2 * 2.66)),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    before = average(rule.beta2, G[:-1]) if len(G) > 1 else np.zeros_like(x)
    direction = np.sign(rule.beta1 * before + (1 - rule.beta1) * G[-1])
    return -rates[-1] * direction - rates[-1] * rule.weight_decay * x
