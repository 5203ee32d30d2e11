"""GradientDescent on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

from polyak.rules import GradientDescent
from sums import Vector, lr

BY_HAND = [
    (GradientDescent(lr), (-0.3, 0.4, -0.4)),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * G[-1]
