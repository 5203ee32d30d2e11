"""AveragedGradient on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

from polyak.rules import AveragedGradient
from sums import Vector, average, lr

BY_HAND = [
    # v = 0.75, then 0.5625 - 0.25, then 0.234375 + 0.5
    (AveragedGradient(lr, 0.75), (-0.1 * 0.75, -0.4 * 0.3125, -0.2 * 0.734375)),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * average(rule.momentum, G)
