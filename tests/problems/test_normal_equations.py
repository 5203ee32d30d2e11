"""The gradient of many weights by a batch's moments is that through its rows."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from polyak.problems.normal_equations import MOST_COLUMNS, by_residuals, half_squared_error_of_many


@pytest.mark.parametrize(("rows", "columns"), [(10, 5), (3, 5), (1, 5), (40, MOST_COLUMNS + 1)])
def test_the_gradient_is_that_of_the_residuals(rows, columns):
    rng = np.random.default_rng(rows)
    X, y = rng.normal(size=(rows, columns)), rng.normal(size=rows)
    params = {"weight": rng.normal(size=(columns, 7)), "bias": rng.normal(size=7)}
    axes = ({"weight": -1, "bias": -1}, None, None)
    with jax.enable_x64(True):
        value, found = jax.vmap(jax.value_and_grad(half_squared_error_of_many), axes)(params, X, y)
    residuals = X @ params["weight"] + params["bias"] - y[:, None]
    np.testing.assert_allclose(value, (residuals**2).mean(0) / 2, rtol=1e-13)
    np.testing.assert_allclose(found["weight"], (X.T @ residuals).T / rows, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found["bias"], residuals.mean(0), rtol=1e-10, atol=1e-12)


def test_in_single_precision_it_is_rounded_as_the_rows_are():
    """Where little is left: labels of weights of a hundred, seen from weights that are a millionth off."""
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(10, 5)), 100 * rng.normal(size=5)
    near = {"weight": (w * (1 + 1e-6)).astype(np.float32), "bias": np.float32(0)}
    X32, y32 = X.astype(np.float32), (X @ w).astype(np.float32)
    exact = X32.astype(float).T @ (X32.astype(float) @ near["weight"].astype(float) - y32) / 10
    errors = [
        np.linalg.norm(np.asarray(jax.grad(loss)(near, X32, y32)["weight"]) - exact)
        for loss in (half_squared_error_of_many, by_residuals)
    ]
    assert errors[0] <= 8 * np.finfo(np.float32).eps * np.linalg.norm(X.T @ X / 10) * np.linalg.norm(w)
    assert errors[0] <= 10 * errors[1]
