"""The expected loss: against a calculation row by row, against a small enumeration, against itself in other ways."""

from __future__ import annotations

import itertools
import math

import jax
import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory.data_moments import moments


@pytest.fixture(scope="module")
def tiny():
    """Four rows and two parameters: few enough to list every batch there may be."""
    X = np.array([[1.0], [-0.5], [2.0], [0.3]])
    return pk.linear_regression((X, np.array([1.0, 0.2, -1.0, 0.5])))


def listed(rule, problem, batch_size, steps, start):
    """The losses after every sequence of batches there is, by running the rule on each."""
    X, y = problem.data.features, problem.data.labels
    batches = list(itertools.product(range(len(y)), repeat=batch_size))

    def gradient(params, rows):
        residual = X[rows] @ params["weight"] + params["bias"] - y[rows]
        return {"weight": X[rows].T @ residual / len(rows), "bias": np.asarray(residual.mean())}

    now = [(start, rule.init(start))]
    for _ in range(steps):
        following = []
        for params, state in now:
            for batch in batches:
                updates, new = rule.update(gradient(params, list(batch)), state, params)
                following.append((jax.tree.map(np.add, params, updates), new))
        now = following
    losses = [np.mean((X @ p["weight"] + p["bias"] - y) ** 2) / 2 for p, _ in now]
    return np.array(losses)


@pytest.mark.parametrize(
    "rule",
    [
        pk.GradientDescent(lr=0.3),
        pk.HeavyBall(lr=0.2, momentum=0.7),
        pk.Nesterov(lr=0.2, momentum=0.7),
        pk.QuasiHyperbolic(lr=0.4, momentum=0.5, nu=0.4),
        pk.HeavyBall(lr=lambda step: 0.4 / (step + 1), momentum=0.7, lr_in_velocity=False),
    ],
    ids=str,
)
@pytest.mark.parametrize(("batch_size", "steps"), [(1, 4), (2, 2)])
def test_it_is_the_mean_over_every_sequence_of_batches(rule, tiny, batch_size, steps):
    start = {"weight": np.array([0.4]), "bias": np.array(-0.3)}
    e = pk.expected_loss(rule, tiny, batch_size=batch_size, steps=steps, start=start)
    for k in range(1, steps + 1):
        losses = listed(rule, tiny, batch_size, k, start)
        assert e.mean[k] == pytest.approx(losses.mean(), rel=1e-12)


def test_the_parts_add_up_and_the_first_is_the_full_batches(small_problem):
    rule = pk.HeavyBall(lr=0.05, momentum=0.8)
    start = {"weight": np.array([1.0, 1.0]), "bias": np.array(0.0)}
    e = pk.expected_loss(rule, small_problem, batch_size=4, steps=60, start=start)
    np.testing.assert_allclose(e.least + e.deterministic + e.noise, e.mean, rtol=1e-14)
    X, y = small_problem.data.features, small_problem.data.labels
    ones = np.column_stack([X, np.ones(len(y))])
    best = np.linalg.lstsq(ones, y, rcond=None)[0]
    assert e.least == pytest.approx(np.mean((ones @ best - y) ** 2) / 2, rel=1e-12)
    x, v = np.array([1.0, 1.0, 0.0]), 0.0
    for k in range(60):
        full = np.mean((ones @ x - y) ** 2) / 2 - e.least
        assert e.deterministic[k] == pytest.approx(full, rel=1e-9, abs=1e-14)
        v = 0.8 * v + 0.05 * ones.T @ (ones @ x - y) / len(y)
        x = x - v
    assert e.noise[0] == pytest.approx(0, abs=1e-14)
    assert e.settled_at == 1 + int(np.flatnonzero(e.deterministic[1:] <= e.noise[1:])[0])


def test_the_first_parameters_are_those_of_training(small_problem):
    h = pk.train(pk.GradientDescent(lr=0.1), small_problem, seeds=[3, 8, 9], dtype="float64", epochs=1)
    e = pk.expected_loss(pk.GradientDescent(lr=0.1), small_problem, steps=1, seeds=[3, 8, 9])
    assert e.mean[0] == pytest.approx(h.losses[:, 0].mean(), rel=1e-12)


@pytest.mark.parametrize("batch_size", [1, 5, 40])
@pytest.mark.parametrize(
    "rule",
    [pk.GradientDescent(lr=0.1), pk.HeavyBall(lr=0.05, momentum=0.8), pk.Nesterov(lr=0.05, momentum=0.8)],
    ids=str,
)
def test_the_floor_is_where_it_ends(rule, batch_size, small_problem):
    e = pk.expected_loss(rule, small_problem, batch_size=batch_size, steps=3000)
    assert e.floor == pytest.approx(e.mean[-1], rel=1e-12)
    assert e.floor - e.least == pytest.approx(e.noise[-1], rel=1e-9)


def test_the_floor_of_one_parameter_by_hand():
    """x <- x - eta (h x + noise): with h_i = 1 and residuals r_i, the spread is eta r^2 / (b (2 - eta))."""
    y = np.array([1.0, -1.0, 2.0, -2.0])
    X = np.zeros((4, 1))  # only the bias learns
    e = pk.expected_loss(pk.GradientDescent(lr=0.5), pk.linear_regression((X, y)), batch_size=2, steps=5)
    assert e.floor - e.least == pytest.approx(0.5 * np.mean(y**2) / (2 * (2 - 0.5)) / 2, rel=1e-12)


def test_the_spread_may_grow_though_the_mean_converges():
    """One weight, rows of very different sizes: E (1 - eta x^2)^2 is over 1 while |1 - eta E x^2| is under."""
    X = np.array([[0.1]] * 99 + [[10.0]])
    problem = pk.linear_regression((X, X[:, 0]))
    X_mean = float((X**2).mean())
    lr = 0.5 / X_mean
    assert ((1 - lr * X[:, 0] ** 2) ** 2).mean() > 1
    e = pk.expected_loss(pk.GradientDescent(lr=lr), problem, batch_size=1, steps=200)
    assert e.floor == math.inf
    assert e.mean[-1] > 1e6
    assert pk.expected_loss(pk.GradientDescent(lr=lr), problem, batch_size=100, steps=2).floor < 1e-3


def test_a_rule_that_diverges_has_no_floor_and_no_error(small_problem):
    e = pk.expected_loss(pk.GradientDescent(lr=50.0), small_problem, steps=500)
    assert e.floor == math.inf
    assert not np.isfinite(e.mean[-1])


@pytest.mark.parametrize("lr", [10.0, 1e3])
def test_what_grows_without_end_does_not_settle(lr, small_problem):
    """Of two parts that both grow the noise is soon the larger: that is no floor's work."""
    e = pk.expected_loss(pk.HeavyBall(lr=lr, momentum=0.5), small_problem)
    with np.errstate(invalid="ignore"):
        assert (e.deterministic[1:] <= e.noise[1:]).any()
    assert e.floor == math.inf
    assert e.settled_at is None
    assert "no floor, for it grows without end" in str(e)
    assert e.mean[-1] == math.inf  # not the nan of inf less inf
    assert not np.isnan(e.mean).any()
    assert not np.isnan(e.spread).any()


def test_the_spread_is_about_what_runs_show(small_problem):
    rule = pk.HeavyBall(lr=0.05, momentum=0.5)
    h = pk.train(rule, small_problem, batch_size=4, epochs=20, seeds=2000, replace=True, every=4)
    e = pk.expected_loss(rule, small_problem, batch_size=4, steps=200, seeds=2000)
    measured = h.losses.std(axis=0)[5:]
    np.testing.assert_allclose(e.spread[h.steps_taken[5:]], measured, rtol=0.35)  # normal only about
    np.testing.assert_allclose(np.median(e.spread[h.steps_taken[5:]] / measured), 1, atol=0.15)


def test_a_page_and_optax_have_the_heavy_balls_expectation(pages, untraceable, small_problem):
    ours = pk.expected_loss(pk.HeavyBall(lr=0.4, momentum=0.6), small_problem, steps=6)
    sgd = pk.from_optax(optax.sgd, learning_rate=0.4, momentum=0.6)
    for rule in (*pages.values(), untraceable, sgd, optax.sgd(0.4, 0.6)):
        theirs = pk.expected_loss(rule, small_problem, steps=6)
        np.testing.assert_allclose(theirs.mean, ours.mean, rtol=1e-12)
        assert theirs.floor == pytest.approx(ours.floor, rel=1e-12)


def test_under_a_schedule_the_floor_is_the_last_steps(small_problem):
    dropped = pk.expected_loss(
        pk.HeavyBall(lr=lambda step: 0.1 if step < 20 else 0.01, momentum=0.5), small_problem, steps=30
    )
    constant = pk.expected_loss(pk.HeavyBall(lr=0.01, momentum=0.5), small_problem, steps=30)
    assert dropped.floor == pytest.approx(constant.floor, rel=1e-12)


def test_the_moments_are_the_datas(small_problem):
    found = moments(small_problem)
    X, y = small_problem.data.features, small_problem.data.labels
    ones = np.column_stack([np.ones(len(y)), X])  # as a pytree the bias comes first
    residual = ones @ found.optimum - y
    rows = np.array([np.column_stack([np.outer(z, z), r * z]) for z, r in zip(ones, residual)])
    np.testing.assert_allclose(found.M, rows.mean(0), atol=1e-12)
    q = np.array([0.3, -1.0, 2.0, 1.0])
    expected = np.cov((rows @ q).T, bias=True)
    np.testing.assert_allclose((found.V @ np.outer(q, q).ravel()).reshape(3, 3), expected, rtol=1e-9)
    assert found.exact


@pytest.fixture(scope="module")
def logistic():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    return pk.logistic_regression((X, (X[:, 0] + rng.normal(size=200) > 0).astype(float)))


def test_a_model_at_a_point_is_labelled(logistic):
    h = pk.train(pk.HeavyBall(lr=0.3, momentum=0.5), logistic, epochs=40, batch_size=50)
    end = jax.tree.map(lambda leaf: leaf[0], h.params)
    e = pk.expected_loss(pk.GradientDescent(lr=0.1), logistic, point=end, start=end, steps=400)
    assert not e.exact
    assert "model" in e.origin
    assert "model" in str(e)
    # Near its point the model is good: the mean of real runs from there stays close to it.
    runs = pk.train(pk.GradientDescent(lr=0.1), logistic, epochs=20, seeds=200, replace=True)
    assert runs.final_losses.mean() - e.least == pytest.approx(e.floor - e.least, rel=0.25)


def test_a_problem_that_is_not_least_squares_needs_a_point(logistic, refused):
    with refused("logistic regression is not least squares", "point="):
        pk.expected_loss(pk.GradientDescent(lr=0.1), logistic)


def test_bad_input_is_one_line(small_problem, refused):
    good = pk.GradientDescent(lr=0.1)
    with refused("not linear"):
        pk.expected_loss(pk.Adam(lr=0.1), small_problem)
    with refused("steps is 0"):
        pk.expected_loss(good, small_problem, steps=0)
    with refused("batch_size is 41"):
        pk.expected_loss(good, small_problem, batch_size=41)
    with refused("is no problem"):
        pk.expected_loss(good, 3)
    with refused("seeds is empty"):
        pk.expected_loss(good, small_problem, seeds=[])
    with refused("do not have"):
        pk.expected_loss(good, small_problem, start=np.zeros(3))
    with refused("not finite"):
        pk.expected_loss(good, small_problem, start={"weight": np.array([np.nan, 0]), "bias": np.array(0.0)})
    with refused("softmax regression is not least squares of one number a row"):
        pk.expected_loss(good, pk.softmax_regression(pk.data.digits()))


def test_as_xarray(small_problem):
    data = pk.expected_loss(pk.GradientDescent(lr=0.1), small_problem, batch_size=4, steps=10).to_xarray()
    assert data["mean"].dims == ("step",)
    assert float(data.epoch[10]) == 1.0
    assert data.attrs["floor"] < 1


def test_over_rows_held_out_it_is_the_mean_over_every_sequence_of_batches(tiny):
    """The same enumeration, judged on two other rows; by hand at the start."""
    start = {"weight": np.array([0.4]), "bias": np.array(-0.3)}
    others = (np.array([[3.0], [-1.0]]), np.array([0.5, 2.0]))
    rule = pk.HeavyBall(lr=0.2, momentum=0.7)
    e = pk.expected_loss(rule, tiny, batch_size=2, steps=2, start=start, held_out=others)
    X, y = tiny.data.features, tiny.data.labels
    now = [(start, rule.init(start))]
    for _ in range(2):
        following = []
        for params, state in now:
            for batch in itertools.product(range(4), repeat=2):
                residual = X[list(batch)] @ params["weight"] + params["bias"] - y[list(batch)]
                slope = {"weight": X[list(batch)].T @ residual / 2, "bias": np.asarray(residual.mean())}
                updates, new = rule.update(slope, state, params)
                following.append((jax.tree.map(np.add, params, updates), new))
        now = following
    ends = [np.mean((others[0] @ p["weight"] + p["bias"] - others[1]) ** 2) / 2 for p, _ in now]
    assert e.held_out[0] == pytest.approx(((1.2 - 0.3 - 0.5) ** 2 + (-0.4 - 0.3 - 2) ** 2) / 4, rel=1e-12)
    assert e.held_out[2] == pytest.approx(np.mean(ends), rel=1e-12)
    assert e.mean[2] == pytest.approx(
        pk.expected_loss(rule, tiny, batch_size=2, steps=2, start=start).mean[2]
    )


def test_over_rows_held_out_it_is_the_mean_of_real_runs_within_its_error(small_problem):
    rule = pk.HeavyBall(lr=0.05, momentum=0.8)
    held = pk.problems.hold_out(small_problem, 0.3, seed=2)
    h = pk.train(rule, held, batch_size=4, epochs=10, seeds=1000, replace=True, every=28)
    e = pk.expected_loss(rule, held, batch_size=4, steps=int(h.steps_taken[-1]), seeds=1000)
    losses = h.held_out_losses.astype(np.float64)
    error = losses.std(axis=0, ddof=1) / np.sqrt(len(losses))
    off = (losses.mean(axis=0) - e.held_out[h.steps_taken]) / error
    assert np.abs(off[1:]).max() <= 3
    assert off[0] == pytest.approx(0, abs=1e-2)  # the same starts, but for float32
    # What tells it from the loss over the rows that are trained on: the two differ by far more than that error.
    assert abs(e.held_out[-1] - e.mean[-1]) > 100 * error[-1]
    assert e.held_out_floor == pytest.approx(
        pk.expected_loss(rule, held, batch_size=4, steps=2000).held_out[-1]
    )
    assert f"over 12 rows held out {pk.ground.numbers.readable(e.held_out[-1], 6)}" in str(e)


def test_a_direction_that_only_the_held_out_rows_see_leaves_the_starts_in_the_floor():
    X = np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [0.5, 0.0]])
    problem = pk.linear_regression((X, X[:, 0] + np.array([0.1, -0.1, 0.2, 0.0])))
    e = pk.expected_loss(
        pk.GradientDescent(lr=0.2),
        problem,
        batch_size=2,
        steps=400,
        held_out=([[0.0, 3.0], [1.0, 1.0]], [1.0, 2.0]),
    )
    assert math.isnan(e.held_out_floor)
    assert "in the long run" not in str(e)
    assert (
        pk.expected_loss(
            pk.GradientDescent(lr=0.2),
            problem,
            batch_size=2,
            steps=4,
            held_out=([[3.0, 0.0], [1.0, 0.0]], [1.0, 2.0]),
        ).held_out_floor
        < math.inf
    )
