"""Every rule by hand: three changing gradients, three learning rates, every number written out.

x_0 = 5, gradients 3, -1, 2, learning rates 0.1, 0.4, 0.2. Each entry is x_1, x_2, x_3 as steps from x_0,
with the slots' values worked out from the formula of the paper.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest

from polyak.rules import (
    CATALOGUE,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    AveragedGradient,
    Dampening,
    GradientDescent,
    HeavyBall,
    Lion,
    NAdam,
    Nesterov,
    QuasiHyperbolic,
    RMSProp,
    Rule,
    Signum,
    TripleMomentum,
)

G1, G2, G3 = 3.0, -1.0, 2.0
Steps = tuple[float, float, float]


def lr(step: int) -> float:
    return (0.1, 0.4, 0.2)[step]


BY_HAND: list[tuple[Rule, Steps]] = [
    (GradientDescent(lr), (-0.3, 0.4, -0.4)),
    # v = 0.3, then 0.15 - 0.4, then -0.125 + 0.4
    (HeavyBall(lr, 0.5), (-0.3, 0.25, -0.275)),
    # v = 3, then 1.5 - 1, then 0.25 + 2
    (HeavyBall(lr, 0.5, lr_in_velocity=False), (-0.1 * 3, -0.4 * 0.5, -0.2 * 2.25)),
    # the heavy ball's v; steps -(v/2 + lr g)
    (Nesterov(lr, 0.5), (-(0.15 + 0.3), -(-0.125 - 0.4), -(0.1375 + 0.4))),
    (
        Nesterov(lr, 0.5, lr_in_velocity=False),
        (-0.1 * (1.5 + 3), -0.4 * (0.25 - 1), -0.2 * (1.125 + 2)),
    ),
    # v = 0.75, then 0.5625 - 0.25, then 0.234375 + 0.5
    (AveragedGradient(lr, 0.75), (-0.1 * 0.75, -0.4 * 0.3125, -0.2 * 0.734375)),
    # a quarter of each gradient is lost: v = 2.25, then 1.125 - 0.75, then 0.1875 + 1.5
    (Dampening(lr, 0.5, 0.25), (-0.1 * 2.25, -0.4 * 0.375, -0.2 * 1.6875)),
    # the first gradient whole: v = 3, then 1.5 - 0.75, then 0.375 + 1.5
    (
        Dampening(lr, 0.5, 0.25, initial_velocity="first_gradient"),
        (-0.1 * 3, -0.4 * 0.75, -0.2 * 1.875),
    ),
    # the average's v; steps -lr (0.25 g + 0.75 v)
    (
        QuasiHyperbolic(lr, 0.75, nu=0.75),
        (-0.1 * (0.75 + 0.5625), -0.4 * (-0.25 + 0.234375), -0.2 * (0.5 + 0.55078125)),
    ),
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
    # s = 9, 10, 14
    (Adagrad(lr, eps=1.0), (-0.1 * 3 / 4, 0.4 / (sqrt(10) + 1), -0.2 * 2 / (sqrt(14) + 1))),
    (
        Adagrad(lr, eps=1.0, initial_accumulator=2.0, eps_position="inside"),
        (-0.1 * 3 / sqrt(12), 0.4 / sqrt(13), -0.2 * 2 / sqrt(17)),
    ),
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
    # RMSProp's s; d_1 = 3/sqrt(3.25), and u = d_1^2 / 4 = 9/13 afterwards
    (
        Adadelta(lr, decay=0.75, eps=1.0),
        (
            -0.1 * 3 / sqrt(3.25),
            0.4 * sqrt(22 / 13) / sqrt(2.9375),
            -0.2 * 2 * sqrt(27 / 52 + 22 / 13 / 2.9375 / 4 + 1) / sqrt(3.453125),
        ),
    ),
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
    # decoupled, the same signs are those of g, and x / 2 is taken off beside them
    (AdamW(lr, 0.0, 0.0, eps=0.0, weight_decay=0.5), (-0.1 * 3.5, -0.4 * (2.325 - 1), -0.2 * (2.06 + 1))),
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
    # m = 0, 2.25, -0.1875 seen through 3/4: signs of 0.75, 1.6875 - 0.25, -0.140625 + 0.5
    (Lion(lr, 0.75, 0.25), (-0.1, -0.4, -0.2)),
    # x = 5, 4.65, 3.32 pulls too
    (Lion(lr, 0.75, 0.25, weight_decay=0.5), (-0.1 * 3.5, -0.4 * 3.325, -0.2 * 2.66)),
    # the average's v = 0.75, 0.3125, 0.734375 is never negative, though the second gradient is
    (Signum(lr, 0.75), (-0.1, -0.4, -0.2)),
]


@pytest.mark.parametrize(("rule", "steps"), BY_HAND, ids=[f"{rule}" for rule, _ in BY_HAND])
def test_first_three_steps(rule: Rule, steps: Steps) -> None:
    # The second coordinate mirrors the first: every rule is odd in (g, x).
    x = np.array([5.0, -5.0])
    state = rule.init(x)
    for g, step in zip((G1, G2, G3), steps, strict=True):
        before = x
        updates, state = rule.update(np.array([g, -g]), state, x)
        x = x + updates
        # A dozen roundings of numbers no larger than 10.
        np.testing.assert_allclose(x - before, [step, -step], rtol=0, atol=120 * np.finfo(float).eps)


def test_every_rule_is_worked_out_by_hand() -> None:
    assert {rule.name() for rule, _ in BY_HAND} == set(CATALOGUE)
