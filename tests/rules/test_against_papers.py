"""Every rule with every choice beside the sum that it stands for, over all gradients so far, in plain NumPy.

Nothing here keeps a velocity or a moment: each step is worked out anew from the whole past. 200 steps in
float64, the learning rate falling from 0.1 to 0.01 at step 100. The triple momentum method runs beside the
three sequences of its paper. The sums stand in `worked/`, one file a rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polyak.rules import Rule, TripleMomentum
from sums import Vector
from worked import worked

STEPS, DROP = 200, 100


def lr(step: int) -> float:
    return 0.1 if step < DROP else 0.01


def path(rule: Rule, x: Vector, gradient: Callable[[Vector], Vector]) -> Vector:
    paper = worked("rules", rule.name()).paper
    positions, seen, rates = [x], [], []
    for step in range(STEPS):
        x = positions[-1]
        coupled = rule.weight_decay if getattr(rule, "decay", None) == "coupled" else 0.0
        seen.append(gradient(x) + coupled * x)
        rates.append(lr(step))
        positions.append(x + paper(rule, np.array(seen), np.array(rates), x))
    return np.array(positions)


def test_same_path_as_the_sums(
    variant: Rule, problem: Any, walk: Any, flat: Any, assert_same_path: Callable[..., None]
) -> None:
    x = problem.on("numpy")
    if "inner_decay" in variant.hyperparameters():  # it needs every x: held by hand and beside Optax
        variant = variant.replace(inner_decay=0.0)
    ours = walk(variant.replace(lr=lr), x, problem.gradient, STEPS)
    assert_same_path(ours, path(variant, flat(x), problem.gradient))


@pytest.mark.parametrize("condition", [4.0, 100.0])
def test_triple_momentum_beside_its_three_sequences(
    condition: float, problem: Any, walk: Any, flat: Any, assert_same_path: Callable[..., None]
) -> None:
    largest = 12.0
    rho = 1 - 1 / np.sqrt(condition)
    beta = rho**2 / (2 - rho)
    gamma = rho**2 / ((1 + rho) * (2 - rho))
    before = xi = flat(problem.params)
    ys = [xi]
    for step in range(STEPS):
        alpha = (1 + rho) / largest * (lr(step) / lr(0))
        before, xi = xi, (1 + beta) * xi - beta * before - alpha * problem.gradient(ys[-1])
        ys.append((1 + gamma) * xi - gamma * before)
    tuned = TripleMomentum.tuned(smoothness=largest, strong_convexity=largest / condition)
    ours = tuned.replace(lr=lambda step: tuned.lr * (lr(step) / lr(0)))
    assert_same_path(walk(ours, problem.on("numpy"), problem.gradient, STEPS), np.array(ys))
