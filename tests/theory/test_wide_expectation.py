"""The expected loss past 64 parameters: against the recursion by all rows, the recursion of moments, and real runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

import polyak as pk
from polyak.theory.covariance_basis import spread
from polyak.theory.least_squares import least_squares, starts
from polyak.theory.mean_square import mean_square_edge
from polyak.theory.step_map import StepMap, step_map, step_maps
from polyak.theory.whole_rows import spread_step_by_step
from polyak.theory.wide_expectation import wide_expectation, wide_floor

RULES = {
    "gradient_descent": (pk.GradientDescent(lr=0.1), 4),
    "heavy_ball": (pk.HeavyBall(lr=0.02, momentum=0.9), 8),
    "nesterov": (pk.Nesterov(lr=0.05, momentum=0.9), 16),
    "triple_momentum": (pk.TripleMomentum(lr=0.02, rate=0.6), 8),
}


def problem_of(features: int, rows: int):
    rng = np.random.default_rng(features)
    X = rng.normal(size=(rows, features)) * np.linspace(0.2, 1.5, features) * 3 / math.sqrt(features)
    return pk.linear_regression((X, X @ rng.normal(size=features) + rng.normal(size=rows)))


@pytest.fixture(scope="module")
def small():
    """20 parameters: the recursion of moments does it too."""
    return problem_of(19, 60)


@pytest.fixture(scope="module")
def fewer_rows():
    """90 parameters on 40 rows: an optimum that fits all of them."""
    return problem_of(89, 40)


@pytest.mark.parametrize("name", RULES)
def test_both_agree_with_the_recursion_of_moments(name, small):
    rule, batch_size = RULES[name]
    known = pk.expected_loss(rule, small, batch_size=batch_size, steps=120, seeds=20)
    found = wide_expectation(rule, small, batch_size, 120, 20)
    np.testing.assert_allclose(found.deterministic, known.deterministic, rtol=1e-9, atol=1e-15)
    excess = known.deterministic + known.noise
    off = np.abs(found.noise - known.noise) / excess
    # Within what it says of itself, and what single precision leaves.
    assert off.max() <= max(found.error, 1e-6)
    assert found.error < 1e-3
    assert found.least == pytest.approx(known.least, rel=1e-10)
    assert found.floor == pytest.approx(known.floor, rel=1e-6)


def test_step_by_step_is_exact(small):
    rule = pk.HeavyBall(lr=lambda step: 0.05 * 0.99**step, momentum=0.9)
    known = pk.expected_loss(rule, small, batch_size=4, steps=60, seeds=20)
    found = wide_expectation(rule, small, 4, 60, 20)
    np.testing.assert_allclose(found.noise, known.noise, rtol=1e-9)
    assert found.error == 0
    assert "step by step" in found.origin


@pytest.mark.parametrize("name", ["gradient_descent", "heavy_ball"])
def test_the_basis_agrees_with_all_rows_where_rows_are_few(name, fewer_rows):
    rule, batch_size = RULES[name]
    on, begun = least_squares(fewer_rows), starts(fewer_rows, 20)
    maps = step_maps(rule, 150)
    whole = spread_step_by_step(on.rows, on.residuals, 1 / batch_size, maps, begun, 150)
    told = spread(on.rows, on.residuals, 1 / batch_size, StepMap(maps.A[0], maps.B[0]), begun, 150)
    e = pk.expected_loss(rule, fewer_rows, batch_size=batch_size, steps=150, seeds=20)
    excess = e.deterministic + whole
    assert (np.abs(told.noise - whole) / excess).max() <= max(told.error, 1e-6)
    assert e.error == told.error < 2e-3
    np.testing.assert_array_equal(e.noise, told.noise)
    # All rows are fitted: nothing is left but rounding, and the noise dies with the error.
    assert abs(e.least) < 1e-20
    assert e.floor == pytest.approx(0, abs=1e-20)


@pytest.mark.parametrize(
    ("rule", "batch_size"),
    [(pk.HeavyBall(lr=0.05, momentum=0.99), 64), (pk.HeavyBall(lr=0.3, momentum=0.9), 1)],
    ids=["as many covariances as there may be", "the expected loss grows"],
)
def test_where_much_is_left_out_the_error_says_so(rule, batch_size):
    problem = problem_of(39, 100)
    known = pk.expected_loss(rule, problem, batch_size=batch_size, steps=200, seeds=20)
    found = wide_expectation(rule, problem, batch_size, 200, 20)
    off = np.abs(found.noise - known.noise) / (known.deterministic + known.noise)
    assert off.max() <= found.error < 0.1


def test_starts_that_differ_breed_noise_too(fewer_rows):
    """As wide as the way to the optimum, and not alike along the axes: else this part could be left out unseen."""
    rule, on = pk.HeavyBall(lr=0.02, momentum=0.5), least_squares(fewer_rows)
    k = len(on.rows.curvatures)
    root = np.random.default_rng(5).normal(size=(k, k)) / math.sqrt(k)
    begun = starts(fewer_rows, 1)[0], root @ root.T
    maps = step_maps(rule, 60)
    whole = spread_step_by_step(on.rows, on.residuals, 0.5, maps, begun, 60)
    told = spread(on.rows, on.residuals, 0.5, StepMap(maps.A[0], maps.B[0]), begun, 60)
    assert (np.abs(told.noise - whole) / whole).max() <= max(told.error, 1e-5)
    assert told.error < 2e-3


def test_real_runs_of_100_parameters():
    problem, runs = problem_of(99, 150), 400
    rule = pk.HeavyBall(lr=0.02, momentum=0.8)
    e = pk.expected_loss(rule, problem, batch_size=10, steps=60, seeds=runs)
    history = pk.train(
        rule, problem, batch_size=10, epochs=4, seeds=runs, replace=True, dtype="float64", every=50
    )
    losses = np.asarray(history.losses)
    error = losses.std(axis=0, ddof=1) / math.sqrt(runs)
    off = (losses.mean(axis=0) - e.mean[history.steps_taken]) / error
    assert np.abs(off).max() <= 3
    assert np.isnan(e.spread).all()
    assert "known to" in str(e)
    assert e.plot() is not None


def test_the_floor_ends_at_the_mean_square_edge(fewer_rows):
    rule = pk.HeavyBall(lr=0.1, momentum=0.5)
    on = least_squares(fewer_rows)
    full_batch = pk.stability(rule, on.rows.curvatures).max_lr
    edge = mean_square_edge(lambda lr: step_map(rule.replace(lr=lr)), on.rows, 0.25, full_batch)
    residuals = np.random.default_rng(0).normal(size=len(on.rows.Z))
    noisy = type(on)(on.rows, on.optimum, residuals, 0.0)
    below, beyond = (wide_floor(step_map(rule.replace(lr=at * edge)), noisy, 0.25) for at in (0.98, 1.02))
    assert math.isfinite(below)
    assert beyond == math.inf
    assert wide_floor(step_map(rule.replace(lr=1.1 * full_batch)), noisy, 0.25) == math.inf


def test_what_diverges_is_inf(fewer_rows):
    e = pk.expected_loss(pk.GradientDescent(lr=50.0), fewer_rows, batch_size=4, steps=400)
    assert e.mean[-1] == math.inf
    assert e.floor == math.inf
    assert np.isfinite(e.mean[:5]).all()


def test_one_start_has_no_spread(fewer_rows):
    start = {"weight": np.ones(89), "bias": np.zeros(())}
    e = pk.expected_loss("heavy_ball", fewer_rows, steps=5, start=start, lr=0.01, momentum=0.5)
    assert e.noise[0] == 0
    X, y = fewer_rows.data.features, fewer_rows.data.labels
    assert e.mean[0] == pytest.approx(float(((X @ np.ones(89) - y) ** 2).mean() / 2), rel=1e-9)


def test_bad_input_is_one_line(fewer_rows, refused):
    with refused("batch_size is 41", "1 to 40"):
        pk.expected_loss("heavy_ball", fewer_rows, batch_size=41, lr=0.1, momentum=0.5)
    with refused("steps is 20000", "1 to 10000"):
        pk.expected_loss("heavy_ball", fewer_rows, batch_size=4, steps=20_000, lr=0.1, momentum=0.5)
    with refused("adam is not linear"):
        pk.expected_loss("adam", fewer_rows, batch_size=4, lr=0.1)
    rng = np.random.default_rng(0)
    with refused("least squares of one number a row"):
        classes = pk.logistic_regression((rng.normal(size=(30, 70)), np.arange(30) % 2))
        pk.expected_loss("heavy_ball", classes, batch_size=4, lr=0.1, momentum=0.5)
