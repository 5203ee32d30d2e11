"""Linear regression on airfoil: its optimum in closed form, and training to it."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from polyak.problems import linear_regression
from polyak.rules import GradientDescent, HeavyBall
from polyak.run import train

OPTIMUM = 0.242145  # of design.md


@pytest.fixture(scope="module")
def closed(airfoil: Any) -> dict[str, Any]:
    """Weights and bias by NumPy's least squares, and the curvatures."""
    design = np.column_stack([airfoil.features, np.ones(airfoil.rows)])
    solution, *_ = np.linalg.lstsq(design, airfoil.labels)
    loss = ((design @ solution - airfoil.labels) ** 2).mean() / 2
    return {
        "loss": loss,
        "params": {"weight": solution[:-1], "bias": solution[-1]},
        "curvatures": np.linalg.eigvalsh(design.T @ design / airfoil.rows),
    }


def test_the_optimum(airfoil: Any, closed: Any) -> None:
    assert closed["loss"] == pytest.approx(OPTIMUM, abs=5e-7)
    problem = linear_regression(airfoil)
    with jax.enable_x64(True):
        value, slope = jax.value_and_grad(problem.loss)(closed["params"], airfoil.features, airfoil.labels)
    assert float(value) == pytest.approx(closed["loss"], rel=1503 * np.finfo(float).eps)
    assert max(np.abs(x).max() for x in jax.tree.leaves(slope)) <= 1503 * np.finfo(float).eps


def test_full_batches_reach_it(airfoil: Any, closed: Any) -> None:
    low, high = closed["curvatures"][[0, -1]]
    # The best heavy ball: errors shrink by sqrt(momentum) a step, as k sqrt(momentum)^k at worst.
    root = (np.sqrt(high / low) - 1) / (np.sqrt(high / low) + 1)
    rule = HeavyBall(lr=float(2 / (np.sqrt(high) + np.sqrt(low))) ** 2, momentum=float(root**2))
    steps = 400
    history = train(rule, linear_regression(airfoil), batch_size=1503, epochs=steps, dtype="float64")
    assert history.steps_taken[-1] == steps
    excess = history.losses[0] - closed["loss"]
    # Beneath the optimum by rounding only; above it by the square of what is left of the first error.
    assert excess.min() >= -1503 * np.finfo(float).eps
    assert excess[-1] <= excess[0] * (2 * steps * root**steps) ** 2 + 1503 * np.finfo(float).eps
    assert excess[-1] < 1e-12 < 0.1 < excess[0]
    for name, x in closed["params"].items():
        np.testing.assert_allclose(history.params[name][0], x, rtol=0, atol=1e-6)


def test_gradient_descent_falls_at_every_full_step(airfoil: Any, closed: Any) -> None:
    rule = GradientDescent(lr=float(1 / closed["curvatures"][-1]))
    history = train(rule, linear_regression(airfoil), batch_size=1503, epochs=60, dtype="float64")
    excess = history.losses[0] - closed["loss"]
    assert (np.diff(excess) < 0).all()
    # Each step multiplies the error along a curvature by 1 - lr * curvature: the excess by its square at worst.
    rate = (1 - closed["curvatures"][0] / closed["curvatures"][-1]) ** 2
    assert (excess[1:] <= excess[:-1] * rate * (1 + 1e-9)).all()


def test_mini_batches_come_near(airfoil: Any, closed: Any) -> None:
    history = train(GradientDescent(lr=0.002), linear_regression(airfoil), epochs=60, seeds=4)
    assert (history.final_losses > closed["loss"]).all()
    assert (history.final_losses < closed["loss"] + 0.001).all()
