"""NAdam on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np

from polyak.rules import NAdam
from sums import Vector, average, lr, over

BY_HAND = [
    # the mean of Adam carried one step on: (m / 2) / (1 - 2^-(t+1)) + (g / 2) / (1 - 2^-t)
    (
        NAdam(lr, 0.5, 0.75, eps=1.0, momentum_schedule="constant"),
        (
            -0.1 * (0.75 / (3 / 4) + 1.5 / (1 / 2)) / 4,
            -0.4 * (0.125 / (7 / 8) - 0.5 / (3 / 4)) / (sqrt(31 / 7) + 1),
            -0.2 * (0.5625 / (15 / 16) + 1 / (7 / 8)) / (sqrt(157 / 37) + 1),
        ),
    ),
    (
        NAdam(lr, 0.5, 0.75, eps=1.0, momentum_schedule="constant", eps_position="inside"),
        (
            -0.1 * (0.75 / (3 / 4) + 1.5 / (1 / 2)) / sqrt(10),
            -0.4 * (0.125 / (7 / 8) - 0.5 / (3 / 4)) / sqrt(38 / 7),
            -0.2 * (0.5625 / (15 / 16) + 1 / (7 / 8)) / sqrt(194 / 37),
        ),
    ),
    # with 0.96^momentum_decay = 1/2: mu = 3/8, 7/16, 15/32, 31/64, whose products are 21/128, 315/4096 ...
    (
        NAdam(lr, 0.5, 0.75, eps=1.0, momentum_decay=log(1 / 2) / log(0.96)),
        (
            -0.1 * (7 / 16 * 1.5 / (107 / 128) + 5 / 8 * 3 / (5 / 8)) / 4,
            -0.4 * (15 / 32 * 0.25 / (3781 / 4096) - 9 / 16 / (107 / 128)) / (sqrt(31 / 7) + 1),
            -0.2 * (31 / 64 * 1.125 / (252379 / 262144) + 17 / 32 * 2 / (3781 / 4096)) / (sqrt(157 / 37) + 1),
        ),
    ),
]


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    t = len(G)
    warming = 1 - 0.5 * 0.96 ** (rule.momentum_decay * np.arange(1, t + 2))
    mu = rule.beta1 * (warming if rule.momentum_schedule == "warming" else np.ones(t + 1))
    m_hat = mu[t] * average(rule.beta1, G) / (1 - np.prod(mu))
    m_hat += (1 - mu[t - 1]) * G[-1] / (1 - np.prod(mu[:t]))
    return -rates[-1] * over(m_hat, average(rule.beta2, np.square(G)) / (1 - rule.beta2**t), rule)
