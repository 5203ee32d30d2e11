"""Adagrad on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from polyak.rules import Adagrad
from sums import Vector, lr, over

BY_HAND = [
    # s = 9, 10, 14
    (Adagrad(lr, eps=1.0), (-0.1 * 3 / 4, 0.4 / (sqrt(10) + 1), -0.2 * 2 / (sqrt(14) + 1))),
    (
        Adagrad(lr, eps=1.0, initial_accumulator=2.0, eps_position="inside"),
        (-0.1 * 3 / sqrt(12), 0.4 / sqrt(13), -0.2 * 2 / sqrt(17)),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * over(G[-1], rule.initial_accumulator + np.square(G).sum(axis=0), rule)
