"""RMSProp on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from polyak.rules import RMSProp
from sums import Vector, average, lr, over
from worked import worked

BY_HAND = [
    # a decay of 3/4: s = 2.25, then 1.6875 + 0.25, then 1.453125 + 1
    (
        RMSProp(lr, decay=0.75, eps=1.0),
        (-0.1 * 3 / 2.5, 0.4 / (sqrt(1.9375) + 1), -0.2 * 2 / (sqrt(2.453125) + 1)),
    ),
    # from s = 4: s = 5.25, then 3.9375 + 0.25, then 3.140625 + 1
    (
        RMSProp(lr, decay=0.75, eps=1.0, initial_accumulator=4.0, eps_position="inside"),
        (-0.1 * 3 / sqrt(6.25), 0.4 / sqrt(5.1875), -0.2 * 2 / sqrt(5.140625)),
    ),
    (
        RMSProp(lr, decay=0.75, eps=1.0, momentum=0.5),
        (
            -0.12,
            -(0.06 - 0.4 / (sqrt(1.9375) + 1)),
            -(0.03 - 0.2 / (sqrt(1.9375) + 1) + 0.4 / (sqrt(2.453125) + 1)),
        ),
    ),
    (
        RMSProp(lr, decay=0.75, eps=1.0, momentum=0.5, lr_in_velocity=False),
        (
            -0.1 * 1.2,
            -0.4 * (0.6 - 1 / (sqrt(1.9375) + 1)),
            -0.2 * (0.3 - 0.5 / (sqrt(1.9375) + 1) + 2 / (sqrt(2.453125) + 1)),
        ),
    ),
    # the means 0.75, 0.3125, 0.734375, whose squares are taken off s
    (
        RMSProp(lr, decay=0.75, eps=1.0, centered=True),
        (
            -0.1 * 3 / (sqrt(2.25 - 0.5625) + 1),
            0.4 / (sqrt(1.9375 - 0.09765625) + 1),
            -0.2 * 2 / (sqrt(2.453125 - 0.539306640625) + 1),
        ),
    ),
]

heavy_ball = worked("rules", "heavy_ball").paper


def paper(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    scaled = []
    for n in range(1, len(G) + 1):
        s = rule.decay**n * rule.initial_accumulator + average(rule.decay, np.square(G[:n]))
        if rule.centered:
            s = s - np.square(average(rule.decay, G[:n]))
        scaled.append(over(G[n - 1], s, rule))
    return heavy_ball(rule, np.array(scaled), rates, x)
