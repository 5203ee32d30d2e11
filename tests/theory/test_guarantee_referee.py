"""PEPit as the referee: it maximises the next value of our Lyapunov function over all functions, by its own program.

Nothing smaller than the rate that we certify may come out, or the certificate is not of the least rate; nothing larger,
or it is wrong. PEPit runs the rules by their coefficients as they stand on paper, not by our matrices.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from PEPit import PEP
from PEPit.functions import SmoothStronglyConvexFunction

import polyak as pk

CASES = 60
KINDS = {
    "gradient_descent": lambda lr, momentum, rng: pk.GradientDescent(lr=lr),
    "heavy_ball": lambda lr, momentum, rng: pk.HeavyBall(lr=lr, momentum=momentum),
    "outside": lambda lr, momentum, rng: pk.HeavyBall(lr=lr, momentum=momentum, lr_in_velocity=False),
    "nesterov": lambda lr, momentum, rng: pk.Nesterov(lr=lr, momentum=momentum),
    "averaged": lambda lr, momentum, rng: pk.AveragedGradient(lr=lr, momentum=momentum),
    "dampening": lambda lr, momentum, rng: pk.Dampening(
        lr=lr, momentum=momentum, dampening=float(rng.uniform(0.1, 0.9))
    ),
    "quasi_hyperbolic": lambda lr, momentum, rng: pk.QuasiHyperbolic(
        lr=lr, momentum=momentum, nu=float(rng.uniform(0.1, 0.9))
    ),
    "triple_momentum": lambda lr, momentum, rng: pk.TripleMomentum(lr=lr, rate=momentum),
}


def case(number: int):
    """A rule, and curvatures from m to L with k = L/m from 1.2 to 300."""
    rng = np.random.default_rng([14, number])
    m, k = 10 ** rng.uniform(-2, 2), 10 ** rng.uniform(math.log10(1.2), 2.5)
    kind = list(KINDS)[number % len(KINDS)]
    momentum, L = float(rng.uniform(0.05, 0.9)), m * k
    edge = pk.stability(KINDS[kind](1.0 / L, momentum, np.random.default_rng(number)), [L]).max_lr
    # Beyond this part of the edge on quadratics nothing holds for many heavy balls.
    lr = float(edge * rng.uniform(0.1, 0.4 if kind in ("heavy_ball", "outside") else 0.7))
    return KINDS[kind](lr, momentum, np.random.default_rng(number)), float(m), float(L)


def worst_by_pepit(g: pk.Guarantee) -> float:
    """The largest V_1 over V_0 = 1; in units in which L is 1 and all is of a size, for PEPit's program has none."""
    found, L = g.certificate, g.smoothness
    scale, window = found.conditions.scale, found.conditions.window
    problem = PEP()
    f = problem.declare_function(SmoothStronglyConvexFunction, mu=g.strong_convexity / L, L=1.0)
    least = f.stationary_point()
    c = g.rule.coefficients()
    starts = [problem.set_initial_point() for _ in scale]
    x, v, seen = least + starts[0], float(scale[-1]) * starts[-1] if len(scale) > 1 else None, []
    for _ in range(window + 1):
        gradient, value = f.oracle(x)
        seen.append(([x - least] if v is None else [x - least, v], gradient, value - f(least)))
        if v is None:
            x = x - (c.q * L) * gradient
        else:
            v = c.m * v + (c.c * L) * gradient
            x = x - (c.p * v + (c.q * L) * gradient)
    size = float(np.abs(found.P).max())

    def lyapunov(k: int):
        rows = seen[k : k + window]
        zeta = [z * (1 / float(of)) for z, of in zip(rows[0][0], scale)] + [row[1] for row in rows]
        total = sum(float(p) / size * row[2] for p, row in zip(found.p, rows))
        for i, j in np.ndindex(found.P.shape):
            total = total + float(found.P[i, j]) / size * (zeta[i] * zeta[j])
        return total

    problem.set_initial_condition(lyapunov(0) <= 1)
    problem.set_performance_metric(lyapunov(1))
    return float(problem.solve(wrapper="cvxpy", solver="CLARABEL", verbose=0))


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("number", range(CASES))
def test_pepit_finds_the_same_rate(number):
    rule, m, L = case(number)
    g = pk.guarantee(rule, smoothness=L, strong_convexity=m)
    assert g.certified
    assert g.certificate.holds
    assert g.quadratic_rate <= g.rate < 1
    assert math.sqrt(worst_by_pepit(g)) == pytest.approx(g.rate, abs=1e-3)
