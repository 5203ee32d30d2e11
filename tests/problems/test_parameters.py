"""The parameters before training: their shapes, their spread, their seeds; and labels that do not fit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax
import numpy as np
import pytest

from polyak.data import breast_cancer, diabetes, digits
from polyak.problems import linear_regression, logistic_regression, perceptron, softmax_regression
from polyak.rules import GradientDescent
from polyak.run import train
from polyak.run.batches import parameter_generator


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("problem", "shapes"),
    [
        (linear_regression(diabetes()), {"weight": (10,), "bias": ()}),
        (logistic_regression(breast_cancer()), {"weight": (30,), "bias": ()}),
        (softmax_regression(digits()), {"weight": (64, 10), "bias": (10,)}),
        (softmax_regression(breast_cancer()), {"weight": (30, 2), "bias": (2,)}),
    ],
)
def test_shapes_and_spread_of_the_regressions(problem: Any, shapes: Any) -> None:
    params = problem.init(generator())
    assert jax.tree.map(np.shape, params) == shapes
    assert np.all(params["bias"] == 0)
    # Of n draws the standard deviation is off by a part 1/sqrt(2n), its standard error; four of them.
    drawn = np.concatenate([problem.init(generator(seed))["weight"].ravel() for seed in range(100)])
    assert drawn.std() == pytest.approx(0.01, rel=4 / np.sqrt(2 * drawn.size))
    assert abs(drawn.mean()) <= 4 * 0.01 / np.sqrt(drawn.size)


@pytest.mark.parametrize(
    ("data", "hidden", "sizes"),
    [
        (digits(), (32,), (64, 32, 10)),
        (digits(), (16, 8), (64, 16, 8, 10)),
        (digits(), (), (64, 10)),
        (diabetes(), [5], (10, 5, 1)),
        (breast_cancer(), (3,), (30, 3, 2)),
    ],
)
def test_shapes_and_spread_of_the_perceptron(data: Any, hidden: Any, sizes: tuple[int, ...]) -> None:
    problem = perceptron(data, hidden=hidden)
    assert problem.name == f"perceptron of {'-'.join(map(str, sizes))}"
    layers = problem.init(generator())
    assert [layer["weight"].shape for layer in layers] == list(pairwise(sizes))
    assert [layer["bias"].tolist() for layer in layers] == [[0.0] * size for size in sizes[1:]]
    for k, fan_in in enumerate(sizes[:-1]):
        drawn = np.concatenate([problem.init(generator(seed))[k]["weight"].ravel() for seed in range(100)])
        assert drawn.std() == pytest.approx(fan_in**-0.5, rel=4 / np.sqrt(2 * drawn.size))


def test_one_seed_is_one_start() -> None:
    problem = perceptron(diabetes())
    first, again, other = (problem.init(parameter_generator(seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (first, again)), strict=True))
    assert not np.array_equal(first[0]["weight"], other[0]["weight"])


def test_training_begins_at_the_seeds_own_parameters() -> None:
    problem = linear_regression(diabetes())
    history = train(GradientDescent(lr=0.0), problem, epochs=1, seeds=[5, 9], dtype="float64")
    for k, seed in enumerate((5, 9)):
        # Not those of the batches' generator, nor of a plain default_rng(seed): a stream of their own.
        expected = problem.init(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,))))
        np.testing.assert_array_equal(history.params["weight"][k], expected["weight"])
        assert history.params["bias"][k] == 0


X = [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize(
    ("make", "data", "said"),
    [
        (
            linear_regression,
            breast_cancer(),
            "breast_cancer has classes: malignant, benign; expected numbers",
        ),
        (logistic_regression, digits(), "digits has 10 classes, expected 2"),
        (logistic_regression, diabetes(), "expected class numbers 0 to 1"),
        (logistic_regression, (X, [-1, 1, 1]), "labels are -1, 1 ..., expected class numbers 0 to 1"),
        (logistic_regression, (X, [1, 2, 1]), "labels are 1, 2 ..., expected class numbers 0 to 1"),
        (logistic_regression, (X, [0, 0, 0]), "labels are 0 ..., expected class numbers 0 to 1"),
        (logistic_regression, (X, [0, 0.5, 1]), "labels are 0, 0.5, 1 ..."),
        (softmax_regression, (X, [1, 2, 3]), "labels are 1, 2, 3 ..., expected class numbers 0, 1, 2 ..."),
        (softmax_regression, (X, [0, 2, 2]), "labels are 0, 2 ..."),
        (softmax_regression, diabetes(), "expected class numbers 0, 1, 2 ..."),
        (softmax_regression, (X, [1, 1, 1]), "labels are 1 ..."),
    ],
)
def test_labels_that_do_not_fit(make: Any, data: Any, said: str, refused: Any) -> None:
    with refused(said):
        make(data)


@pytest.mark.parametrize("make", [linear_regression, logistic_regression, softmax_regression, perceptron])
@pytest.mark.parametrize("data", ["airfoil", None, 3, [1, 2, 3]])
def test_what_is_no_data(make: Any, data: Any, refused: Any) -> None:
    with refused("is no data set"):
        make(data)


@pytest.mark.parametrize("hidden", [5, "32", None, (0,), (-3,), (2.5,), ("8",), (True,)])
def test_hidden_layers_that_are_none(hidden: Any, refused: Any) -> None:
    with refused("hidden"):
        perceptron(diabetes(), hidden=hidden)
