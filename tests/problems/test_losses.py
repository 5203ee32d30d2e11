"""Losses and gradients of every problem, against NumPy, scikit-learn and PyTorch."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import log_loss, mean_squared_error

from polyak.data import Data, breast_cancer, diabetes, digits
from polyak.problems import (
    CATALOGUE,
    Problem,
    linear_regression,
    logistic_regression,
    perceptron,
    softmax_regression,
)

EPS = np.finfo(np.float64).eps
# A sum of n terms, each a product of a few factors, is off by n eps of the largest term at most, and by
# far less where roundings cancel: n eps of the result's size holds with room wherever terms have one sign.
PROBLEMS = {
    "linear regression": lambda: linear_regression(diabetes()),
    "logistic regression": lambda: logistic_regression(breast_cancer()),
    "softmax regression": lambda: softmax_regression(digits()),
    "perceptron, classes": lambda: perceptron(digits(), hidden=(7, 5)),
    "perceptron, numbers": lambda: perceptron(diabetes(), hidden=(4,)),
    "perceptron, no hidden layer": lambda: perceptron(digits(), hidden=()),
}


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]()


def somewhere(problem: Problem, scale: float = 0.3) -> Any:
    """Parameters away from the start, biases too."""
    rng = np.random.default_rng(5)
    return jax.tree.map(lambda x: x + rng.normal(scale=scale, size=x.shape), problem.init(rng))


@functools.cache
def compiled(loss: Any) -> Any:
    return jax.jit(jax.value_and_grad(loss))


def loss_and_gradient(problem: Problem, params: Any, rows: Any = slice(None)) -> tuple[float, Any]:
    X, y = problem.data.features[rows], problem.data.labels[rows]
    with jax.enable_x64(True):
        value, slope = compiled(problem.loss)(params, X, y)
        return float(value), jax.tree.map(np.asarray, slope)


def assert_same(ours: Any, theirs: Any, rows: int) -> None:
    """Every array of a gradient, to n eps of the gradient's size."""
    size = max(np.abs(x).max() for x in jax.tree.leaves(theirs))
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=rows * EPS * size)


def of_torch(problem: Problem, params: Any) -> tuple[float, Any]:
    """Loss and gradient of the same model by PyTorch's own layers, losses and autograd."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # for so small sums more are slower
    layers = params if isinstance(params, list) else [params]
    leaves = [{name: torch.tensor(x, requires_grad=True) for name, x in layer.items()} for layer in layers]
    out = torch.tensor(problem.data.features)
    for k, layer in enumerate(leaves):
        out = torch.tanh(out) if k else out
        weight = layer["weight"] if layer["weight"].ndim == 2 else layer["weight"][:, None]
        out = torch.nn.functional.linear(out, weight.T, layer["bias"])
    y, functional = torch.tensor(problem.data.labels), torch.nn.functional
    if problem.name == "logistic regression":
        loss = functional.binary_cross_entropy_with_logits(out[:, 0], y)
    elif problem.data.classes:
        loss = functional.cross_entropy(out, y.long())
    else:
        loss = functional.mse_loss(out[:, 0], y) / 2
    loss.backward()
    slopes = [{name: x.grad.numpy() for name, x in layer.items()} for layer in leaves]
    return loss.item(), slopes if isinstance(params, list) else slopes[0]


def test_against_torch(problem: Problem) -> None:
    params = somewhere(problem)
    value, slope = loss_and_gradient(problem, params)
    expected, slopes = of_torch(problem, params)
    assert value == pytest.approx(expected, rel=problem.data.rows * EPS)
    assert_same(slope, slopes, problem.data.rows)


def test_linear_regression_against_numpy() -> None:
    problem = linear_regression(diabetes())
    params, X, y = somewhere(problem), problem.data.features, problem.data.labels
    value, slope = loss_and_gradient(problem, params)
    told = X @ params["weight"] + params["bias"]
    assert value == pytest.approx(mean_squared_error(y, told) / 2, rel=442 * EPS)
    closed = {"weight": X.T @ (told - y) / len(y), "bias": np.asarray((told - y).mean())}
    assert_same(slope, closed, 442)


def test_logistic_regression_against_numpy() -> None:
    problem = logistic_regression(breast_cancer())
    params, X, y = somewhere(problem, scale=0.1), problem.data.features, problem.data.labels
    value, slope = loss_and_gradient(problem, params)
    told = expit(X @ params["weight"] + params["bias"])
    # A probability near 1 is told to an eps of 1, so its logarithm to an eps: one for each row's mean.
    assert value == pytest.approx(log_loss(y, told), abs=569 * EPS)
    closed = {"weight": X.T @ (told - y) / len(y), "bias": np.asarray((told - y).mean())}
    assert_same(slope, closed, 569)


def test_softmax_regression_against_numpy() -> None:
    problem = softmax_regression(digits())
    params, X, y = somewhere(problem, scale=0.1), problem.data.features, problem.data.labels.astype(int)
    value, slope = loss_and_gradient(problem, params)
    told = softmax(X @ params["weight"] + params["bias"], axis=1)
    assert value == pytest.approx(log_loss(y, told), abs=1797 * EPS)
    beyond = told - np.eye(10)[y]
    assert_same(slope, {"weight": X.T @ beyond / len(y), "bias": beyond.mean(axis=0)}, 1797)


def test_by_hand() -> None:
    data = Data.from_arrays([[1.0, 2.0], [3.0, 4.0]], [1.0, 0.0])
    params = {"weight": np.array([1.0, -1.0]), "bias": np.array(1.0)}
    # Told: 1 - 2 + 1 = 0 and 3 - 4 + 1 = 0; off by -1 and 0.
    value, slope = loss_and_gradient(linear_regression(data), params)
    assert value == 0.25
    assert (slope["weight"].tolist(), slope["bias"]) == ([-0.5, -1.0], -0.5)
    # Even odds on both: log 2, and off by -1/2 and 1/2.
    value, slope = loss_and_gradient(logistic_regression(data), params)
    assert value == pytest.approx(np.log(2), rel=EPS)
    assert (slope["weight"].tolist(), slope["bias"]) == ([0.5, 0.5], 0.0)


@pytest.mark.parametrize("make", [logistic_regression, softmax_regression])
def test_very_sure_is_still_finite(make: Any) -> None:
    problem = make(([[1.0], [-1.0]], [0, 1]))
    weight = np.array([1e4]) if make is logistic_regression else np.array([[-1e4, 1e4]])
    value, slope = loss_and_gradient(problem, {"weight": weight, "bias": np.zeros(weight.shape[1:])})
    assert value == pytest.approx(1e4 if make is logistic_regression else 2e4)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(slope))


def test_the_loss_is_the_mean_of_the_rows(problem: Problem) -> None:
    params, rows = somewhere(problem), problem.data.rows
    alone = [loss_and_gradient(problem, params, slice(k, k + 1))[0] for k in range(6)]
    assert loss_and_gradient(problem, params, slice(0, 6))[0] == pytest.approx(np.mean(alone), rel=rows * EPS)


def test_the_catalogue() -> None:
    assert list(CATALOGUE.values()) == [
        linear_regression,
        logistic_regression,
        softmax_regression,
        perceptron,
    ]
    assert all(name == make.__name__ for name, make in CATALOGUE.items())


def test_one_function_for_every_problem_of_a_kind() -> None:
    """So that a problem on other data of the same shape compiles nothing new."""
    assert linear_regression(diabetes()).loss is linear_regression(([[1.0], [2.0]], [1.0, 2.0])).loss
    assert perceptron(digits()).loss is perceptron(breast_cancer(), hidden=(3,)).loss
    assert repr(linear_regression(diabetes())).startswith(
        "Problem(linear regression on Data(diabetes: 442 rows"
    )
