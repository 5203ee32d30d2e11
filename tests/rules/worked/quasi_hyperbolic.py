"""QuasiHyperbolic on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

from polyak.rules import QuasiHyperbolic
from sums import Vector, average, lr

BY_HAND = [
    # the average's v; steps -lr (0.25 g + 0.75 v)
    (
        QuasiHyperbolic(lr, 0.75, nu=0.75),
        (-0.1 * (0.75 + 0.5625), -0.4 * (-0.25 + 0.234375), -0.2 * (0.5 + 0.55078125)),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * (G[-1] + rule.nu * (average(rule.momentum, G) - G[-1]))
