"""Flat directions: copied columns, constant ones, more parameters than rows; the smallest one that is not flat."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import polyak as pk
from polyak.theory import curvatures
from polyak.theory.data_moments import moments
from polyak.theory.flatness import pulling

ROWS = 40


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(ROWS, 3))


def with_bias(columns):
    return np.column_stack([columns, np.ones(len(columns))])


def nearly_copied(X, by, y=None):
    """X with a fourth column that is the first but for a `by`-th part of it."""
    fourth = X[:, 0] + by * np.random.default_rng(1).normal(size=ROWS)
    columns = np.column_stack([X, fourth])
    return columns, pk.linear_regression((columns, X[:, 0] if y is None else y))


def test_a_repeated_column_is_one_flat_direction(X):
    _, problem = nearly_copied(X, 0.0)
    found = curvatures(problem)
    assert found.flat == 1
    assert "1 flat direction left out" in found.origin
    # The copies share one weight w = (w_1 + w_4)/sqrt 2: what is left is least squares on sqrt 2 x_1, x_2, x_3, 1.
    singular = np.linalg.svd(with_bias(X * [np.sqrt(2), 1, 1]), compute_uv=False)
    np.testing.assert_allclose(found.values, singular[::-1] ** 2 / ROWS, rtol=1e-12)
    m, L = found.values[[0, -1]]
    best = pk.optimal(pk.HeavyBall, problem)
    assert best.rate == pytest.approx((np.sqrt(L / m) - 1) / (np.sqrt(L / m) + 1), rel=1e-6)
    assert best.condition_number == pytest.approx(L / m)
    assert "1 flat direction left out" in str(pk.stability(best.rule, problem))


def test_the_best_setting_comes_down_as_it_says_where_a_column_is_repeated(X):
    """What a run does, not what the matrix says: the worst direction that pulls, from plain NumPy steps."""
    columns, problem = nearly_copied(X, 0.0)
    best = pk.optimal(pk.HeavyBall, problem)
    A, y = with_bias(columns), X[:, 0]
    goal = np.linalg.pinv(A) @ y
    H = A.T @ A / ROWS
    slow = np.linalg.eigh(H)[1][:, 1]  # column 0 is the flat one
    x, v, left = goal + slow, np.zeros(5), []
    for _ in range(120):
        v = best.settings["momentum"] * v + best.settings["lr"] * (H @ x - A.T @ y / ROWS)
        x = x - v
        left.append(np.linalg.norm(x - goal))
    # ||z_k|| ~ k rate^k at a double root: the ratio over 20 steps tends to rate^20 (1 + 20/k).
    assert left[29] / left[9] == pytest.approx(best.rate**20 * 3, rel=0.25)


def test_a_class_more_than_needed_leaves_softmax_flat():
    """10 classes of 65 weights: what is alike in all of them pulls nothing, nor do the 3 pixels that are never lit."""
    digits = pk.data.digits()
    found = curvatures(pk.softmax_regression(digits))
    A = with_bias(np.asarray(digits.features))
    seen = np.linalg.svd(A, compute_uv=False)
    seen = seen[seen > 1e-10 * seen[0]]
    # From weights of 0 every class has p = 1/10: H = (I - 1 1^T / 10)/10 (x) A^T A / rows.
    expected = np.sort(np.repeat(seen**2 / len(A) / 10, 9))
    assert found.flat == 650 - len(expected)
    at_rest = {"bias": np.zeros(10), "weight": np.zeros((64, 10))}
    there = curvatures(pk.softmax_regression(digits), params=at_rest).values
    np.testing.assert_allclose(there, expected, rtol=1e-9)
    assert pk.optimal(pk.HeavyBall, pk.softmax_regression(digits)).condition_number > 100


@pytest.mark.parametrize(
    ("columns", "flat"),
    [
        (lambda X: np.column_stack([X, np.ones((ROWS, 2))]), 2),  # beside the bias
        (lambda X: np.column_stack([X, np.zeros(ROWS)]), 1),
        (lambda X: np.column_stack([X, X[:, 0] + X[:, 1], 3 * X[:, 2] - 1]), 2),
        (lambda X: np.column_stack([1e3 * X, 1e3 * X]), 3),
        (lambda X: np.random.default_rng(2).normal(size=(12, 40)), 29),  # more parameters than rows
    ],
    ids=["constant", "zero", "sums", "large", "wide"],
)
def test_the_rank_is_the_datas(columns, flat, X):
    A = columns(X)
    found = curvatures(pk.linear_regression((A, A[:, 0])))
    singular = np.linalg.svd(with_bias(A), compute_uv=False)
    expected = np.sort(singular[: A.shape[1] + 1 - flat] ** 2 / len(A))
    assert found.flat == flat
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)


@pytest.mark.parametrize(("by", "to"), [(1e-3, 1e-9), (1e-4, 1e-7), (1e-6, 1e-2)])
def test_a_column_that_is_nearly_a_copy_is_no_flat_direction(by, to, X):
    """Its curvature is by^2 or so of the largest; known to rounding / (by^2 L), here from the singular values."""
    columns, problem = nearly_copied(X, by)
    found = curvatures(problem)
    assert found.flat == 0
    smallest = np.linalg.svd(with_bias(columns), compute_uv=False)[-1] ** 2 / ROWS
    assert found.values[0] == pytest.approx(smallest, rel=to)


def test_what_rounding_hides_is_refused_and_what_it_drowns_is_flat(X, refused):
    problem = nearly_copied(X, 1e-7)[1]
    for ask in (
        lambda: pk.optimal(pk.HeavyBall, problem),
        lambda: pk.stability(pk.HeavyBall(lr=0.1, momentum=0.5), problem),
        lambda: pk.expected_loss(pk.HeavyBall(lr=0.1, momentum=0.5), problem),
        lambda: pk.tradeoff(pk.HeavyBall(lr=0.1, momentum=0.5), problem),
    ):
        with refused("too near the rounding", "told from a flat direction"):
            ask()
    assert curvatures(nearly_copied(X, 1e-9)[1]).flat == 1


def test_of_many_parameters_a_flat_end_is_refused(X, refused, monkeypatch):
    problem = nearly_copied(X, 0.0)[1]
    largest = curvatures(problem).values[-1]
    monkeypatch.setattr(sys.modules["polyak.theory.curvatures"], "MOST_WHOLE", 4)
    with refused("has flat directions", "cannot be had of 5 parameters", f"largest is {largest:.6g}"):
        pk.optimal(pk.HeavyBall, problem)


@pytest.mark.parametrize("by", [1e-3, 1e-4, 1e-6])
def test_the_least_loss_is_that_of_least_squares_where_columns_are_nearly_alike(by, X):
    y = np.random.default_rng(3).normal(size=ROWS)
    columns, problem = nearly_copied(X, by, y)
    A = with_bias(columns)
    residual = A @ np.linalg.lstsq(A, y, rcond=None)[0] - y
    assert moments(problem).least == pytest.approx((residual**2).mean() / 2, rel=1e-6)


def test_a_pull_along_what_cannot_be_told_from_flat_is_refused(X, refused):
    """The fit needs weights of 1e9 there: the least loss is lower than any that the moments could tell."""
    y = np.random.default_rng(3).normal(size=ROWS)
    problem = nearly_copied(X, 1e-9, y)[1]
    with refused("cannot be told from 0", "least loss"):
        pk.expected_loss(pk.GradientDescent(lr=0.1), problem)
    exact = nearly_copied(X, 0.0, y)[1]
    A = with_bias(X)
    residual = A @ np.linalg.lstsq(A, y, rcond=None)[0] - y
    assert moments(exact).least == pytest.approx((residual**2).mean() / 2, rel=1e-12)


def test_the_floor_and_the_trade_leave_flat_directions_out(X):
    """A column twice, each weight at half the lr, is the column once: the paths of the fit are the same."""
    y = X @ [1.0, -2.0, 0.5] + 0.3 * np.random.default_rng(4).normal(size=ROWS)
    once = pk.linear_regression((X, y))
    twice = pk.linear_regression((np.column_stack([X, X]) / np.sqrt(2), y))
    rule = pk.HeavyBall(lr=0.05, momentum=0.6)
    floors = [pk.expected_loss(rule, problem, steps=1).floor for problem in (once, twice)]
    assert floors[0] == pytest.approx(floors[1], rel=1e-10)
    rates = [pk.tradeoff(rule, problem, lrs=[0.01, 0.1]).rates for problem in (once, twice)]
    np.testing.assert_allclose(*rates, rtol=1e-9)


def test_beside_a_direction_that_runs_away_what_creeps_does_not_matter(refused):
    """r is 3 eps 2 = 1.3e-15: 1e-14 stands between it and 100 r."""
    assert pulling(np.array([-1.0, 1e-14, 2.0]), 3, "a saddle").tolist() == [True, False, True]
    with refused("the Hessian of a bowl has a curvature of 1e-14", "rounding of 1.3e-15"):
        pulling(np.array([1e-14, 1.0, 2.0]), 3, "a bowl")
    with refused("the Hessian of a table is 0: flat"):
        pulling(np.zeros(3), 3, "a table")
