"""Signum on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyak.rules import Signum
from sums import Vector, fading, lr

BY_HAND = [
    # the average's v = 0.75, 0.3125, 0.734375 is never negative, though the second gradient is
    (Signum(lr, 0.75), (-0.1, -0.4, -0.2)),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * np.sign(fading(rule.momentum, G))
