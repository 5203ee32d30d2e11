"""Nesterov on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

from polyak.rules import Nesterov
from sums import Vector, lr
from worked import worked

BY_HAND = [
    # the heavy ball's v; steps -(v/2 + lr g)
    (Nesterov(lr, 0.5), (-(0.15 + 0.3), -(-0.125 - 0.4), -(0.1375 + 0.4))),
    (
        Nesterov(lr, 0.5, lr_in_velocity=False),
        (-0.1 * (1.5 + 3), -0.4 * (0.25 - 1), -0.2 * (1.125 + 2)),
    ),
]

heavy_ball = worked("rules", "heavy_ball").paper


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return rule.momentum * heavy_ball(rule, G, rates, x) - rates[-1] * G[-1]
