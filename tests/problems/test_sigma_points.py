"""A few rows that stand for all: the same mean of every quadratic function of a row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyak as pk
from polyak.data import Data
from polyak.problems import sigma_points
from polyak.problems.regression import half_squared_error


def some_data(seed, rows, columns, offset=0.0, scale=1.0):
    rng = np.random.default_rng(seed)
    X = offset + scale * rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns))
    return Data.from_arrays(X, X.sum(axis=1) + rng.standard_t(3, size=rows))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(1, 6), st.sampled_from([0.0, 1.0, 1e4]))
def test_least_squares_is_what_it_is_over_all_rows(seed, rows, columns, offset):
    data = some_data(seed, rows, columns, offset)
    few = sigma_points(data)
    assert few.rows <= max(2 * (columns + 1), min(rows, 2 * (columns + 1)))
    rng = np.random.default_rng(seed + 1)
    params = {"weight": rng.normal(size=columns), "bias": rng.normal()}
    expected = half_squared_error(params, data.features, data.labels)
    np.testing.assert_allclose(half_squared_error(params, few.features, few.labels), expected, rtol=1e-9)


def test_few_rows_stay_as_they_are():
    data = some_data(1, 8, 3)
    assert sigma_points(data) is data


def test_constant_columns_and_copies_of_one_row():
    X = np.column_stack([np.full(20, 3.0), np.arange(20.0), np.arange(20.0)])
    data = Data.from_arrays(X, np.full(20, 2.0))
    few = sigma_points(data)
    params = {"weight": np.array([0.3, -0.2, 0.1]), "bias": 0.7}
    np.testing.assert_allclose(
        half_squared_error(params, few.features, few.labels),
        half_squared_error(params, X, data.labels),
        rtol=1e-12,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_training_records_the_same_losses(dtype):
    problem = pk.linear_regression(pk.data.diabetes())
    few = pk.problems.Problem(
        problem.name, problem.data, problem.loss, problem.init, problem.formula, sigma_points(problem.data)
    )
    rule = pk.HeavyBall(lr=0.02, momentum=0.9)
    found, expected = (pk.train(rule, one, seeds=2, dtype=dtype) for one in (few, problem))
    tolerance = {"float32": 3e-6, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(found.losses, expected.losses, rtol=tolerance)
    np.testing.assert_array_equal(found.params["weight"], expected.params["weight"])


def test_eager_rules_record_them_too():
    problem = pk.linear_regression(pk.data.diabetes())
    few = pk.problems.Problem(
        problem.name, problem.data, problem.loss, problem.init, problem.formula, sigma_points(problem.data)
    )

    def cautious(params, states, hyperparams):
        for p in params:
            if float(p.grad.norm()) < 1e9:
                p[:] -= hyperparams["lr"] * p.grad

    with pytest.warns(UserWarning, match="step by step"):
        found = pk.train(pk.from_page(cautious, lr=0.02), few, batch_size=50)
    expected = pk.train(pk.GradientDescent(lr=0.02), problem, batch_size=50)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=3e-6)
