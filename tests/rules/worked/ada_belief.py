"""AdaBelief on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from polyak.rules import AdaBelief
from sums import Vector, average, fading, lr

BY_HAND = [
    # m = 1.5, 0.25, 1.125, of which the gradients are off by 1.5, -1.25, 0.875: s = 9/16, 13/16, 205/256
    (
        AdaBelief(lr, 0.5, 0.75, eps=1.0, eps_root=0.0),
        (-0.1 * 3 / 2.5, -0.4 / 3 / (sqrt(13 / 7) + 1), -0.2 * 9 / 7 / (sqrt(51.25 / 37) + 1)),
    ),
    # with a quarter at every step: s = 13/16, 5/4, 353/256
    (
        AdaBelief(lr, 0.5, 0.75, eps=1.0, eps_root=0.25),
        (-0.1 * 3 / (sqrt(13 / 4) + 1), -0.4 / 3 / (sqrt(20 / 7) + 1), -0.2 * 9 / 7 / (sqrt(88.25 / 37) + 1)),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    t = len(G)
    means = np.array([average(rule.beta1, G[: k + 1]) for k in range(t)])
    s = average(rule.beta2, np.square(G - means)) + fading(rule.beta2, np.full(G.shape, rule.eps_root))
    return -rates[-1] * means[-1] / (1 - rule.beta1**t) / (np.sqrt(s / (1 - rule.beta2**t)) + rule.eps)
