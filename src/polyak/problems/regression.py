"""Linear, logistic and softmax regression."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from polyak.data import Data, as_data
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.problems.catalogue import problem
from polyak.problems.normal_equations import half_squared_error_of_many
from polyak.problems.problem import Params, Problem
from polyak.problems.sigma_points import sigma_points

if TYPE_CHECKING:
    import jax

FEW = 4096  # numbers in a batch that is too small for a matrix product to pay
INITIAL_SCALE = 0.01  # of the weights, as in the chapter


@problem
def linear_regression(data: object) -> Problem:
    r"""Least squares: the mean of (x^T w + b - y)^2 / 2 over the rows.

    Args:
        data: a Data with numeric labels, a pair (features, labels), or a DataFrame.

    Weights start as N(0, 0.01^2), the bias at 0, as in the chapter. Raises PolyakError where the
    labels are classes.

    >>> linear_regression(([[1.0], [2.0]], [1.0, 2.0]))
    Problem(linear regression on Data(arrays: 2 rows, 1 features -> label))
    """
    data = as_data(data)
    if data.classes:
        raise PolyakError(
            f"{data.name} has classes: {', '.join(data.classes[:5])}; expected numbers to regress on"
        )
    return Problem(
        "linear regression",
        data,
        half_squared_error,
        partial(_normal_weights, (data.features.shape[1],)),
        r"\frac{1}{2n} \sum_i (x_i^T w + b - y_i)^2",
        whole=sigma_points(data),
        loss_of_many=half_squared_error_of_many,
        outputs=affine,
    )


@problem
def logistic_regression(data: object) -> Problem:
    """Two classes: the mean of log(1 + exp(-s (x^T w + b))) with s = +1 for class 1 and -1 for class 0.

    Raises PolyakError unless every label is 0 or 1.

    >>> logistic_regression(([[1.0], [2.0]], [0, 1])).name
    'logistic regression'
    """
    data = as_data(data)
    class_count(data, exactly=2)
    return Problem(
        "logistic regression",
        data,
        logistic_loss,
        partial(_normal_weights, (data.features.shape[1],)),
        r"\frac{1}{n} \sum_i \log(1 + e^{-s_i (x_i^T w + b)})",
        outputs=affine,
        classes=2,
    )


@problem
def softmax_regression(data: object) -> Problem:
    """Several classes: the mean cross-entropy of softmax(W^T x + b).

    Raises PolyakError unless the labels are 0, 1, 2 ...

    >>> softmax_regression(([[1.0], [2.0], [3.0]], [0, 1, 2])).name
    'softmax regression'
    """
    data = as_data(data)
    classes = class_count(data)
    return Problem(
        "softmax regression",
        data,
        cross_entropy,
        partial(_normal_weights, (data.features.shape[1], classes)),
        r"-\frac{1}{n} \sum_i \log \mathrm{softmax}(W^T x_i + b)_{y_i}",
        outputs=affine,
        classes=classes,
    )


def affine(params: Params, X: jax.Array) -> jax.Array:
    """X W + b: the outputs of all three, a number a row or one for each class."""
    outputs: jax.Array = X @ params["weight"] + params["bias"]
    return outputs


def half_squared_error(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    """The mean of (X w + b - y)^2 / 2."""
    residual: jax.Array = linear(params["weight"], X) + params["bias"] - y
    return (residual**2).mean() / 2


def linear(w: jax.Array, X: jax.Array) -> jax.Array:
    """X w. XLA fuses the sum of products into the step, and runs the product of many rows on all lanes."""
    return (X * w).sum(-1) if X.size <= FEW else w @ X.T


def logistic_loss(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    """The mean logistic loss of labels 0 and 1."""
    import jax.numpy as jnp

    margin = (2 * y - 1) * (X @ params["weight"] + params["bias"])
    return jnp.logaddexp(0.0, -margin).mean()


def cross_entropy(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    """The mean cross-entropy of a linear model with softmax."""
    return cross_entropy_of(X @ params["weight"] + params["bias"], y)


def cross_entropy_of(logits: jax.Array, y: jax.Array) -> jax.Array:
    """The mean cross-entropy of logits, shape (rows, classes), against class numbers, shape (rows,)."""
    import jax
    import jax.numpy as jnp

    chosen = jnp.take_along_axis(logits, y.astype(int)[:, None], axis=1)[:, 0]
    return (jax.nn.logsumexp(logits, axis=1) - chosen).mean()


def _normal_weights(shape: tuple[int, ...], generator: np.random.Generator) -> Params:
    return {"weight": generator.normal(scale=INITIAL_SCALE, size=shape), "bias": np.zeros(shape[1:])}


def class_count(data: Data, exactly: int | None = None) -> int:
    """How many classes the labels 0, 1, 2 ... name."""
    expected = f"class numbers 0 to {exactly - 1}" if exactly else "class numbers 0, 1, 2 ..."
    found = np.unique(data.labels)
    if not np.array_equal(found, np.arange(len(found))) or len(found) < 2:
        shown = ", ".join(readable(value, 6) for value in found[:5])
        raise PolyakError(f"{data.name}: labels are {shown} ..., expected {expected}")
    if exactly and len(found) != exactly:
        raise PolyakError(f"{data.name} has {len(found)} classes, expected {exactly}")
    return len(found)
