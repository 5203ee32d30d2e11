"""HeavyBall on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

from polyak.rules import HeavyBall
from sums import Vector, fading, lr

BY_HAND = [
    # v = 0.3, then 0.15 - 0.4, then -0.125 + 0.4
    (HeavyBall(lr, 0.5), (-0.3, 0.25, -0.275)),
    # v = 3, then 1.5 - 1, then 0.25 + 2
    (HeavyBall(lr, 0.5, lr_in_velocity=False), (-0.1 * 3, -0.4 * 0.5, -0.2 * 2.25)),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    if rule.lr_in_velocity:
        return -fading(rule.momentum, rates[:, None] * G)
    return -rates[-1] * fading(rule.momentum, G)
