"""The expected fall of a quadratic's loss, against real runs on it and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyak as pk
from polyak.theory import step_map
from polyak.theory.expected_fall import Measure, expected_fall


@pytest.mark.parametrize(
    "rule",
    [pk.GradientDescent(lr=0.1), pk.HeavyBall(lr=0.05, momentum=0.8), pk.Nesterov(lr=0.05, momentum=0.8)],
)
@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_it_is_the_mean_of_runs_on_a_quadratic(rule: pk.Rule, steps: int) -> None:
    curvatures, start = np.array([0.05, 1.0, 6.0]), np.array([2.0, -1.0, 0.5])
    spread, batch_size, runs = np.array([0.3, 1.0, 2.0]), 4, 4000
    draw = np.random.default_rng(0)
    x = np.tile(start, (runs, 1))
    state = rule.init(x)
    for _ in range(steps):
        noise = draw.normal(size=x.shape) * spread / np.sqrt(batch_size)
        updates, state = rule.update(curvatures * x + noise, state, x)
        x = x + np.asarray(updates)
    losses = (curvatures * x**2).sum(1) / 2
    change = losses - (curvatures * start**2).sum() / 2
    step = step_map(rule)
    gradient = Measure(curvatures, (curvatures * start) ** 2)
    brings, adds = expected_fall(
        step.A, step.B, steps, gradient, Measure(curvatures, spread**2), 1 / batch_size
    )
    assert brings + adds == pytest.approx(change.mean(), abs=4 * change.std() / np.sqrt(runs))
    without, _ = expected_fall(step.A, step.B, steps, gradient, None, 0.0)
    assert without == brings


def test_where_it_is_flat_the_loss_falls_in_a_line() -> None:
    """Each step of gradient descent lowers it by lr |g|^2, whether the direction is flat or bends down."""
    flat = Measure(np.array([0.0, -3.0, 1.0]), np.array([4.0, 1.0, 0.0]))
    step = step_map(pk.GradientDescent(lr=0.1))
    brings, adds = expected_fall(step.A, step.B, 30, flat, flat, 1 / 8)
    assert brings == pytest.approx(-30 * 0.1 * 5, rel=1e-6)
    assert adds == 0


def test_many_settings_at_once_are_as_one_by_one() -> None:
    rules = [pk.HeavyBall(lr=lr, momentum=m) for lr in (0.01, 0.1) for m in (0.5, 0.9)]
    maps = [step_map(rule) for rule in rules]
    one = Measure(np.array([0.1, 2.0]), np.array([1.0, 3.0]))
    A, B = np.stack([step.A for step in maps]), np.stack([step.B for step in maps])
    together = expected_fall(A, B, 100, one, one, 1 / 16)
    for index, step in enumerate(maps):
        alone = expected_fall(step.A, step.B, 100, one, one, 1 / 16)
        np.testing.assert_allclose([together[0][index], together[1][index]], alone, rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 1.9), st.integers(1, 400), st.floats(1e-3, 1e3))
def test_gradient_descent_has_its_closed_form(eta: float, steps: int, curvature: float) -> None:
    step = step_map(pk.GradientDescent(lr=eta / curvature))
    one = Measure(np.array([curvature]), np.array([1.0]))
    brings, adds = expected_fall(step.A, step.B, steps, one, one, 1)
    left = (1 - eta) ** (2 * steps)
    assert brings == pytest.approx((left - 1) / (2 * curvature), rel=1e-9, abs=1e-300)
    variance = (eta / curvature) ** 2 * (1 - left) / (1 - (1 - eta) ** 2)
    assert adds == pytest.approx(curvature * variance / 2, rel=1e-9)


def test_beyond_the_edge_it_is_infinite_and_no_nan() -> None:
    step = step_map(pk.GradientDescent(lr=3.0))
    one = Measure(np.array([1.0]), np.array([1.0]))
    brings, adds = expected_fall(step.A, step.B, 5000, one, one, 1)
    assert brings == np.inf
    assert adds == np.inf
