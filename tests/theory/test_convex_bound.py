"""The bound on merely convex functions: against what is known in closed form, and functions that come near it."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import polyak as pk
from polyak.theory.convex_bound import UnsolvedError, _proved, convex_bound
from polyak.theory.interpolation import conditions
from polyak.theory.step_map import step_map


@pytest.mark.parametrize(("h", "steps"), [(1.0, 1), (1.0, 6), (0.5, 3)])
def test_gradient_descent_is_drori_and_teboulles(h: float, steps: int) -> None:
    """1 / (4 n h + 2) for lr = h/L, h at most 1: theorem 3.1, and tight."""
    held = convex_bound(pk.GradientDescent(lr=h / 25), smoothness=25.0, steps=steps)
    assert held.factor == pytest.approx(1 / (4 * steps * h + 2), rel=1e-5)
    assert held.factor >= 1 / (4 * steps * h + 2)  # an upper bound


def test_beyond_the_edge_the_steepest_quadratic_is_the_worst() -> None:
    held = convex_bound(pk.GradientDescent(lr=2.1), smoothness=1.0, steps=3)
    assert held.factor == pytest.approx(1.1**6 / 2, rel=1e-5)


@pytest.mark.parametrize(
    "rule",
    [pk.HeavyBall(lr=0.5, momentum=0.5), pk.Nesterov(lr=0.8, momentum=0.7)],
    ids=lambda rule: rule.name(),
)
def test_no_function_is_above_it(rule: pk.Rule) -> None:
    """Quadratics of every curvature up to 1, and Huber's functions, whose slope stays: some come near."""
    steps, worst = 6, 0.0
    held = convex_bound(rule, smoothness=1.0, steps=steps).factor
    slopes = [lambda x, a=a: a * x for a in np.linspace(0.05, 1, 20)]
    slopes += [lambda x, d=d: np.clip(x, -d, d) for d in np.geomspace(0.01, 1, 40)]
    for slope in slopes:
        x, grid = np.array([1.0]), np.linspace(0, 1, 2001)
        state = rule.init(x)
        for _ in range(steps):
            updates, state = rule.update(slope(x), state, x)
            x = x + updates
        worst = max(worst, float(np.trapezoid(slope(grid * abs(x)), grid * abs(x))))
    assert 0.3 * held < worst <= held


@pytest.mark.parametrize(
    "rule",
    [pk.HeavyBall(lr=0.5, momentum=0.5), pk.Nesterov(lr=0.8, momentum=0.7)],
    ids=lambda rule: rule.name(),
)
def test_pepit_agrees(rule: pk.Rule) -> None:
    """The worst case itself, by the referee's own program from the row (m, c, p, q): the bound is tight."""
    pep = pytest.importorskip("PEPit")
    functions = importlib.import_module("PEPit.functions")
    problem = pep.PEP()
    f = problem.declare_function(functions.SmoothConvexFunction, L=1.0)
    least, x = f.stationary_point(), problem.set_initial_point()
    problem.set_initial_condition((x - least) ** 2 <= 1)
    m, c, p, q = rule.coefficients()
    v = 0 * x
    for _ in range(4):
        g = f.gradient(x)
        v = m * v + c * g
        x = x - (p * v + q * g)
    problem.set_performance_metric(f(x) - f(least))
    worst = problem.solve(wrapper="cvxpy", solver="CLARABEL", verbose=0)
    assert convex_bound(rule, smoothness=1.0, steps=4).factor == pytest.approx(worst, rel=1e-3)


def test_a_false_proof_is_not_believed() -> None:
    c = conditions(step_map(pk.GradientDescent(lr=1.0)), 0.0, 1.0, 2)
    q = c.q[:, [0, 1, 2, 3]][:, :, [0, 1, 2, 3]]
    with pytest.raises(UnsolvedError):
        _proved(q, 0.05, np.zeros(len(q)), c)


def test_bad_input_is_one_line(refused) -> None:
    with refused("steps is 31", "1 to 30"):
        convex_bound("heavy_ball", smoothness=1.0, steps=31, lr=0.1, momentum=0.5)
    with refused("smoothness is 0"):
        convex_bound("heavy_ball", smoothness=0, lr=0.1, momentum=0.5)
    with refused("adam is not linear"):
        convex_bound("adam", smoothness=1.0, lr=0.1)
    with refused("merely convex", "convex_bound(rule"):
        pk.guarantee("heavy_ball", smoothness=1.0, strong_convexity=0, lr=0.1, momentum=0.5)
