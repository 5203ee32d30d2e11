"""TripleMomentum on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

from polyak.rules import TripleMomentum
from sums import Vector, fading, lr

BY_HAND = [
    # rho = 1/2: beta = 1/6, gamma = 1/9, alpha = 1.5 lr. xi = 5, 4.55, 5.075, 4.5625, and
    # y = xi + (xi - xi before) / 9.
    (
        TripleMomentum(lr, 0.5),
        (
            4.55 - 0.45 / 9 - 5.0,
            (5.075 + 0.525 / 9) - (4.55 - 0.45 / 9),
            (4.5625 - 0.5125 / 9) - (5.075 + 0.525 / 9),
        ),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    """y moves by d + gamma (d - d before), where d is the last move of xi."""
    beta = rule.rate**2 / (2 - rule.rate)
    gamma = rule.rate**2 / ((1 + rule.rate) * (2 - rule.rate))
    pushes = -(1 + rule.rate) * rates[:, None] * G
    d, before = fading(beta, pushes), fading(beta, pushes[:-1])
    return d + gamma * (d - before)
