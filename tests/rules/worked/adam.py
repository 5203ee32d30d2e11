"""Adam on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from polyak.rules import Adam
from sums import Vector, average, lr, over

BY_HAND = [
    # beta = 1/2, 3/4: m_hat = 3, 1/3, 9/7 and s_hat = 9, 31/7, 157/37
    (
        Adam(lr, 0.5, 0.75, eps=1.0),
        (-0.1 * 3 / 4, -0.4 / 3 / (sqrt(31 / 7) + 1), -0.2 * 9 / 7 / (sqrt(157 / 37) + 1)),
    ),
    (
        Adam(lr, 0.5, 0.75, eps=1.0, eps_position="inside"),
        (-0.1 * 3 / sqrt(10), -0.4 / 3 / sqrt(38 / 7), -0.2 * 9 / 7 / sqrt(194 / 37)),
    ),
    # eps-hat: m = 1.5, 0.25, 1.125 over sqrt(s) + 1, corrected as a whole
    (
        Adam(lr, 0.5, 0.75, eps=1.0, eps_position="before_correction"),
        (
            -0.1 * sqrt(1 / 4) / (1 / 2) * 1.5 / 2.5,
            -0.4 * sqrt(7 / 16) / (3 / 4) * 0.25 / (sqrt(1.9375) + 1),
            -0.2 * sqrt(37 / 64) / (7 / 8) * 1.125 / (sqrt(2.453125) + 1),
        ),
    ),
    (
        Adam(lr, 0.5, 0.75, eps=1.0, bias_correction=False),
        (-0.1 * 1.5 / 2.5, -0.4 * 0.25 / (sqrt(1.9375) + 1), -0.2 * 1.125 / (sqrt(2.453125) + 1)),
    ),
    # with beta = 0 and eps = 0 Adam steps by the sign of g + x / 2 = 5.5, then of -1 + 2.45, then of 2 + 2.25
    (Adam(lr, 0.0, 0.0, eps=0.0, weight_decay=0.5), (-0.1, -0.4, -0.2)),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    t = len(G)
    m, s = average(rule.beta1, G), average(rule.beta2, np.square(G))
    c1, c2 = (1 - rule.beta1**t, 1 - rule.beta2**t) if rule.bias_correction else (1.0, 1.0)
    if rule.eps_position == "before_correction":
        ratio = m / c1 / ((np.sqrt(s) + rule.eps) / np.sqrt(c2))
    else:
        ratio = over(m / c1, s / c2, rule)
    return -rates[-1] * (ratio + (rule.weight_decay * x if rule.decay == "decoupled" else 0))
