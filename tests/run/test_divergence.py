"""Divergence is recorded and never raised: the step it is named by is that of a plain float loop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import polyak as pk
from polyak.landscapes import bowl, quadratic, ravine, rosenbrock, saddle
from polyak.rules import Adam, GradientDescent, HeavyBall, Lion
from polyak.run import descend, train

SLOPES: dict[str, Any] = {
    "ravine": lambda x: np.array([x.dtype.type(0.2) * x[0], 4 * x[1]], dtype=x.dtype),
    "bowl": lambda x: np.array([2 * x[0], 4 * x[1]], dtype=x.dtype),
    "saddle": lambda x: np.array([2 * x[0], -2 * x[1]], dtype=x.dtype),
    "rosenbrock": lambda x: np.array(
        [-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)], dtype=x.dtype
    ),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The reference overflows; what is tested must not warn of it."""
    with np.errstate(all="ignore"):
        yield


def first_step_not_finite(landscape: Any, lr: float, momentum: float, dtype: str, steps: int) -> int | None:
    """By the heavy ball in a plain loop, in the precision of the run."""
    x, v = np.array(landscape.start, dtype=dtype), np.zeros(2, dtype=dtype)
    lr, momentum = x.dtype.type(lr), x.dtype.type(momentum)
    for k in range(steps + 1):
        if not (np.isfinite(x).all() and np.isfinite(landscape.function(x))):
            return k
        v = momentum * v + lr * SLOPES[landscape.name](x)
        x = x - v
    return None


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("landscape", "lr", "momentum"),
    [(ravine, 0.6, 0.0), (ravine, 0.9, 0.5), (bowl, 1.7, 0.9), (saddle, 0.3, 0.5), (rosenbrock, 0.01, 0.9)],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_step_is_that_of_a_plain_loop(landscape: Any, lr: float, momentum: float, dtype: str) -> None:
    steps = 3000
    step = first_step_not_finite(landscape, lr, momentum, dtype, steps)
    assert step is not None
    assert 2 < step < steps
    trace = descend(HeavyBall(lr, momentum), landscape, steps, dtype=dtype)
    assert trace.diverged_at == step
    assert np.isfinite(trace.positions[:step]).all()
    assert np.isfinite(trace.values[:step]).all()
    # Once lost, always lost; the position follows the value, whose square overflowed first.
    assert not np.isfinite(trace.values[step:]).any()
    assert not np.isfinite(trace.end).all()
    assert f"diverged at step {step}" in str(trace)
    assert trace.to_xarray().attrs["diverged_at"] == step


def test_a_step_before_it_is_not_diverged() -> None:
    step = descend(GradientDescent(0.6), ravine, 3000).diverged_at
    assert step is not None
    before = descend(GradientDescent(0.6), ravine, step - 1)
    assert before.diverged_at is None
    assert "diverged" not in str(before)
    assert before.to_xarray().attrs["diverged_at"] == -1
    assert descend(GradientDescent(0.6), ravine, step).diverged_at == step


def test_a_value_may_be_lost_before_its_position() -> None:
    """x^2 overflows at the root of the largest float: x itself is finite there."""
    trace = descend(GradientDescent(1.0), quadratic([12.0]), 1000)
    step = trace.diverged_at
    # x is multiplied by 1 - 12 each step, from -1: f is 6 x^2, and 6 * 121^k > 1.8e308.
    assert step == np.ceil(np.log(np.finfo(float).max / 6) / np.log(121))
    assert np.isfinite(trace.positions[step]).all()
    assert np.isposinf(trace.values[step])


def test_large_is_not_diverged() -> None:
    """What design.md lists at eta 0.6 has left the picture, and is finite."""
    assert descend(GradientDescent(0.6), ravine, 20).diverged_at is None


def test_rules_that_cannot_diverge_do_not() -> None:
    for rule in (Adam(lr=10.0), Lion(lr=10.0)):
        trace = descend(rule, ravine, 500)
        assert trace.diverged_at is None
        assert np.abs(trace.positions).max() < 10.0 * 500


def recorded(problem: Any, lr: float, seed: int, epochs: int, batches: Any) -> tuple[np.ndarray, int | None]:
    """Losses of gradient descent after every batch, in float64, and the first step whose loss is lost."""
    from polyak.run.batches import parameter_generator

    X, y = problem.data.features, problem.data.labels
    params, losses = problem.init(parameter_generator(seed)), []
    w, b = params["weight"], params["bias"]
    losses.append(((X @ w + b - y) ** 2).mean() / 2)
    for rows in (rows for epoch in batches(len(y), seed, epochs, 10) for rows in epoch):
        off = X[rows] @ w + b - y[rows]
        w, b = w - lr * X[rows].T @ off / len(rows), b - lr * off.mean()
        losses.append(((X @ w + b - y) ** 2).mean() / 2)
    lost = np.flatnonzero(~np.isfinite(losses))
    return np.array(losses), int(lost[0]) if lost.size else None


def test_a_training_that_diverges(small: Any, batches: Any) -> None:
    lr, epochs, seeds = 30.0, 40, (0, 1, 2)
    history = train(GradientDescent(lr), small, epochs=epochs, seeds=seeds, every=10, dtype="float64")
    for k, seed in enumerate(seeds):
        losses, step = recorded(small, lr, seed, epochs, batches)
        assert step is not None
        assert history.diverged_at[k] == step
        np.testing.assert_allclose(history.losses[k, :step], losses[:step], rtol=1e-9)
        assert not np.isfinite(history.losses[k, step:]).any()
    assert len(set(history.diverged_at)) > 1, "each seed has its own step"
    assert str(history).endswith("3 of 3 runs diverged")
    assert history.to_xarray()["diverged_at"].values.tolist() == list(history.diverged_at)


def test_one_seed_diverges_beside_another(small: Any) -> None:
    """At a rate where some orders of the batches diverge and others do not, each keeps to itself."""
    rule = GradientDescent(3.0)
    history = train(rule, small, batch_size=53, epochs=700, seeds=4, every=53, dtype="float64")
    assert all(step is not None for step in history.diverged_at)
    still = train(GradientDescent(0.1), small, batch_size=53, epochs=700, seeds=4, every=53, dtype="float64")
    assert still.diverged_at == (None,) * 4
    assert still.to_xarray()["diverged_at"].values.tolist() == [-1] * 4
    assert "diverged" not in str(still)


def test_diverged_at_names_the_record(small: Any) -> None:
    """Between records nothing is known: the step is that of the first record that is lost."""
    rule = GradientDescent(30.0)
    fine = train(rule, small, epochs=40, every=10, dtype="float64").diverged_at[0]
    coarse = train(rule, small, epochs=40, every=1000, dtype="float64").diverged_at[0]
    assert fine is not None
    assert coarse == -(-fine // 6) * 6, "the end of the epoch in which it was lost"


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_run_that_rose_and_did_not_diverge_says_so(seeds: int) -> None:
    problem = pk.linear_regression(pk.data.diabetes())
    history = pk.train(pk.GradientDescent(lr=0.6), problem, batch_size=10, epochs=1, seeds=seeds)
    assert history.diverged_at == (None,) * seeds
    assert history.rose == (True,) * seeds
    assert (history.final_losses > 1e3 * history.losses[:, 0]).all()
    said = "above its start" if seeds == 1 else "3 of them ended above their start"
    assert str(history).endswith(said)
    assert len(str(history)) < 250, "no number has thirty digits"
    small = pk.train(pk.GradientDescent(lr=0.01), problem, batch_size=10, epochs=1, seeds=seeds)
    assert small.rose == (False,) * seeds
    assert "above" not in str(small)
    gone = pk.train(pk.GradientDescent(lr=50.0), problem, batch_size=10, epochs=9, seeds=seeds)
    assert None not in gone.diverged_at
    assert gone.rose == (False,) * seeds


def test_a_far_position_is_spelled_short() -> None:
    said = str(descend(GradientDescent(3.0), ravine, 40))
    assert re.search(r"x1 -?[\d.e-]+, x2 -?\d\.\d+e\+4\d$", said), said
