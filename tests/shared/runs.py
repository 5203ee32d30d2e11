"""What the tests of runs and sweeps share: small problems, batches cut by hand, a plain loop over them, a counter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from polyak.data import Data
from polyak.landscapes import Landscape, ravine
from polyak.problems import Problem, linear_regression
from polyak.rules import CATALOGUE, Rule
from polyak.run.batches import Plan, parameter_generator

REQUIRED = {"lr": 0.05, "momentum": 0.9, "rate": 0.7}


def rule_of(kind: type[Rule], **settings: Any) -> Rule:
    """A rule with numbers for the settings that have no default."""
    known = {name: value for name, value in REQUIRED.items() if name in kind.hyperparameters()}
    return kind.from_settings(**{**known, **settings})


def batches(rows: int, seed: int, epochs: int, batch_size: int, replace: bool = False) -> list[Any]:
    """The rows of each batch, epoch by epoch: the plan's draw, cut into slices one after the other."""
    plan = Plan.of(rows=rows, batch_size=batch_size, every=100, replace=replace)
    orders = [plan.draw(seed, epoch, replace=replace) for epoch in range(epochs)]
    return [[order[k : k + batch_size] for k in range(0, len(order), batch_size)] for order in orders]


def by_hand(
    problem: Problem,
    make_step: Callable[[Any], Callable[[Any, int], Any]],
    loss: Callable[[Any], float],
    *,
    seed: int,
    epochs: int,
    batch_size: int,
    records: int,
    replace: bool = False,
) -> tuple[np.ndarray, Any]:
    """The losses and the last parameters of a training that `make_step(params)` takes the steps of.

    `make_step` returns step(rows, k) -> params; the loss is recorded before the first step, after every
    `records` batches of an epoch, and at its end.
    """
    params = problem.init(parameter_generator(seed))
    step, losses, k = make_step(params), [loss(params)], 0
    for epoch in batches(problem.data.rows, seed, epochs, batch_size, replace):
        for nth, rows in enumerate(epoch, start=1):
            params = step(rows, k)
            k += 1
            if (nth % records == 0 and len(rows) == batch_size) or nth == len(epoch):
                losses.append(loss(params))
    return np.array(losses), params


def close(ours: Any, theirs: Any, tolerance: float) -> None:
    """Two pytrees agree to `tolerance` of the second's size."""
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        size = max(1e-300, float(np.abs(np.asarray(b)).max()))
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=0, atol=tolerance * size)


@pytest.fixture(scope="session", name="rule_of")
def _rule_of() -> Callable[..., Rule]:
    return rule_of


@pytest.fixture(scope="session", name="batches")
def _batches() -> Callable[..., Any]:
    return batches


@pytest.fixture(scope="session", name="by_hand")
def _by_hand() -> Callable[..., Any]:
    return by_hand


@pytest.fixture(scope="session", name="close")
def _close() -> Callable[..., None]:
    return close


@pytest.fixture(scope="session")
def small() -> Problem:
    """Linear regression on 53 rows of three columns: prime, so that no batch size but 1 divides it."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(53, 3))
    return linear_regression(
        Data.from_arrays(X, X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=53), name="small")
    )


@pytest.fixture(scope="session")
def three() -> Data:
    """Fifty-three rows of four columns in three classes."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(53, 4))
    labels = np.argmax(X[:, :3] + 0.5 * rng.normal(size=(53, 3)), axis=1).astype(float)
    return Data("three", X, labels, ("a", "b", "c", "d"), "kind", ("u", "v", "w"))


class Counter:
    """Wraps a function and counts how often it is called: compiled, that is how often it is traced."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.function(*arguments)

    def new(self) -> int:
        """How many calls there were since this was last asked."""
        calls, self.calls = self.calls, 0
        return calls


@pytest.fixture
def counted() -> tuple[Counter, Landscape]:
    counter = Counter(ravine.function)
    landscape = Landscape("counted", counter, (-5.0, -2.0), ((0.0, 0.0),), ravine.window, "", "")
    return counter, landscape


@pytest.fixture
def counted_problem(small: Problem) -> tuple[Counter, Problem]:
    counter = Counter(small.loss)
    return counter, Problem("counted", small.data, counter, small.init, "")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`kind` is every rule of the catalogue."""
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
