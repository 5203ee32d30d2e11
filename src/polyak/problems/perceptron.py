"""A small multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from polyak.data import as_data
from polyak.ground.errors import PolyakError, whole_number
from polyak.problems.catalogue import problem
from polyak.problems.problem import Params, Problem
from polyak.problems.regression import class_count, cross_entropy_of

if TYPE_CHECKING:
    import jax


@problem
def perceptron(data: object, *, hidden: Sequence[int] = (32,)) -> Problem:
    """A multi-layer perceptron with tanh units; cross-entropy for classes, half squared error for numbers.

    Args:
        data: a Data, a pair (features, labels), or a DataFrame.
        hidden: how many units each hidden layer has, each at least 1.

    Weights start as N(0, 1/fan_in) (LeCun et al. 1998, Efficient BackProp, section 4.6), biases at 0.

    >>> from polyak.data import digits
    >>> perceptron(digits(), hidden=(16,))
    Problem(perceptron of 64-16-10 on Data(digits: 1797 rows, 64 features -> 10 classes))
    """
    data = as_data(data)
    if not isinstance(hidden, list | tuple):
        raise PolyakError(f"hidden is {hidden!r}, expected the units of each layer, such as (32, 16)")
    units = [whole_number("hidden units", count, at_least=1) for count in hidden]
    outputs = class_count(data) if data.classes else 1
    sizes = (data.features.shape[1], *units, outputs)
    loss, formula = (
        (classification_loss, r"-\frac{1}{n} \sum_i \log \mathrm{softmax}(h(x_i))_{y_i}")
        if data.classes
        else (regression_loss, r"\frac{1}{2n} \sum_i (h(x_i) - y_i)^2")
    )
    name = f"perceptron of {'-'.join(map(str, sizes))}"
    return Problem(
        name,
        data,
        loss,
        partial(_init, sizes),
        formula,
        outputs=forward if data.classes else one_output,
        classes=outputs if data.classes else 0,
    )


def forward(params: Params, X: jax.Array) -> jax.Array:
    """What the network puts out, shape (rows, outputs)."""
    import jax.numpy as jnp

    *hidden, last = params
    for layer in hidden:
        X = jnp.tanh(X @ layer["weight"] + layer["bias"])
    output: jax.Array = X @ last["weight"] + last["bias"]
    return output


def one_output(params: Params, X: jax.Array) -> jax.Array:
    """What a network of one output puts out, shape (rows,)."""
    return forward(params, X)[:, 0]


def classification_loss(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    """The mean cross-entropy of the network's outputs."""
    return cross_entropy_of(forward(params, X), y)


def regression_loss(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    """The mean of half the squared error of the network's one output."""
    return ((forward(params, X)[:, 0] - y) ** 2).mean() / 2


def _init(sizes: tuple[int, ...], generator: np.random.Generator) -> Params:
    return [
        {"weight": generator.normal(scale=fan_in**-0.5, size=(fan_in, fan_out)), "bias": np.zeros(fan_out)}
        for fan_in, fan_out in pairwise(sizes)
    ]
