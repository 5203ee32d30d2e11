"""What a prediction is true of: quadratics. A trace that does otherwise is named; a curvature that changes is said."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import polyak as pk
from polyak.theory.departure import CHANGES, curvature_change, departure

CYCLE = (0.6465306, -1.8024490, 2.1159184)


def bent(x, y):
    """f' = 25 x for x < 1, x + 24 for 1 <= x < 2, 25 x - 24 beyond: smooth, curvature from 1 to 25."""
    middle, beyond = 0.5 * x**2 + 24 * x - 12, 12.5 * x**2 - 24 * x + 36
    return jnp.where(x < 1, 12.5 * x**2, jnp.where(x < 2, middle, beyond)) + 12.5 * y**2


@pytest.fixture(scope="module")
def convex():
    return pk.landscapes.from_function(bent, start=(3.3, 0.1), minimisers=[(0.0, 0.0)])


def test_the_function_is_what_it_is_said_to_be(convex):
    for x in (-2.0, 0.5, 1.5, 2.5, 3.3):
        slope = 25 * x if x < 1 else x + 24 if x < 2 else 25 * x - 24
        assert convex.gradient([x, 0.0])[0] == pytest.approx(slope, rel=1e-12)


def test_a_best_setting_that_cycles_for_ever_says_what_it_is_best_on(convex):
    """Lessard, Recht & Packard (2016): curvature between 1 and 25, and no end to it."""
    best = pk.optimal(pk.HeavyBall, [1, 25])
    assert best.rate == pytest.approx(2 / 3, rel=1e-6)
    assert "on quadratics of curvatures 1 to 25" in str(best)
    trace = pk.descend(pk.HeavyBall(lr=1 / 9, momentum=4 / 9), convex, 600)
    turn = np.array(CYCLE)
    assert min(np.abs(np.roll(turn, k) - trace.positions[-3:, 0]).max() for k in range(3)) < 1e-6
    s = pk.stability(trace.rule, trace)
    assert s.rate == pytest.approx(2 / 3, rel=1e-6)
    assert s.stable
    assert s.follows is False
    assert s.departure > 0.5
    assert "this trace does not do what its curvatures predict" in str(s)
    assert "on quadratics" in str(s)


@pytest.mark.parametrize(
    "rule",
    [
        pk.GradientDescent(lr=0.4),
        pk.HeavyBall(lr=0.6, momentum=0.5),
        pk.Nesterov(lr=0.3, momentum=0.9),
        pk.GradientDescent(lr=0.6),  # it grows
        pk.GradientDescent(lr=5.0),  # beyond float64
        pk.HeavyBall(lr=lambda step: 0.6 / (step + 1), momentum=0.5, lr_in_velocity=False),
    ],
    ids=str,
)
def test_on_a_quadratic_every_trace_does_what_its_curvatures_predict(rule):
    turned = pk.landscapes.quadratic(
        [0.2, 1.0, 4.0], rotation=20, start=[-5.0, -2.0, 1.0], minimiser=[1.0, 0, 0]
    )
    trace = pk.descend(rule, turned, 400)
    assert departure(trace) < 1e-9
    assert curvature_change(turned, trace.positions) < 1e-12
    if not rule.schedules():
        s = pk.stability(rule, trace)
        assert s.follows
        assert "does not do" not in str(s)


def test_a_path_of_small_steps_follows_its_curvatures_where_they_change():
    """The trapezoid of the Hessians is off by the square of the step: half the steps, a quarter of it."""
    off = []
    for lr in (0.0004, 0.0002, 0.0001):
        trace = pk.descend(pk.GradientDescent(lr=lr), "rosenbrock", round(0.008 / lr))
        off.append(pk.stability(trace.rule, trace).departure)
    assert off[2] < off[1] < off[0]
    assert off[1] / off[2] == pytest.approx(4, rel=0.3)
    assert curvature_change(trace.landscape, trace.positions) > 0.1


def test_a_trace_of_another_rule_is_not_held_against_this_one():
    trace = pk.descend(pk.HeavyBall(lr=0.4, momentum=0.5), "ravine", 5)
    other = pk.stability(pk.HeavyBall(lr=0.1, momentum=0.5), trace)
    assert other.follows is None
    assert np.isnan(other.departure)
    assert pk.stability(trace.rule, [1.0]).follows is None
    assert departure(pk.descend(trace.rule, "ravine", 5, start=(0.0, 0.0))) == 0  # it never leaves


def test_how_much_the_curvature_changes_is_measured():
    """Of x^4/12 + y^2/2 the Hessian is diag(x^2, 1): at the minimiser diag(0, 1)."""
    quartic = pk.landscapes.from_function(
        lambda x, y: x**4 / 12 + y**2 / 2, start=(3.0, 1.0), minimisers=[(0.0, 0.0)]
    )
    way = np.array([[3.0, 1.0], [2.0, 0.0], [np.nan, 0.0]])
    assert curvature_change(quartic, way) == pytest.approx(9, rel=1e-12)
    near = 1e-4 * way
    assert curvature_change(quartic, near) == pytest.approx(9e-8, rel=1e-9)
    assert curvature_change(quartic, near) < CHANGES


def test_what_is_kept_says_what_it_is_true_of():
    rule = pk.HeavyBall(lr=0.1, momentum=0.5)
    kept = [
        pk.stability(rule, [1.0]).to_xarray(),
        pk.optimal(pk.HeavyBall, [1.0, 9.0]).to_xarray(),
        pk.theory.phase_diagram(pk.HeavyBall, lr_curvature=[1.0], values=[0.5]),
    ]
    assert [data.attrs["true_of"] for data in kept] == ["quadratics"] * 3
