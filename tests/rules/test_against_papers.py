"""Every rule with every choice beside the sum that it stands for, over all gradients so far, in plain NumPy.

Nothing here keeps a velocity or a moment: each step is worked out anew from the whole past. 200 steps in
float64, the learning rate falling from 0.1 to 0.01 at step 100. The triple momentum method runs beside the
three sequences of its paper.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polyak.rules import CATALOGUE, Rule, TripleMomentum

STEPS, DROP = 200, 100
Vector = np.ndarray


def lr(step: int) -> float:
    return 0.1 if step < DROP else 0.01


def fading(decay: float, past: Vector) -> Vector:
    """The sum of what is past, each entry weighed by decay to the power of its age."""
    ages = np.arange(len(past))[::-1]
    return np.power(decay, ages) @ past


def average(decay: float, past: Vector) -> Vector:
    return (1 - decay) * fading(decay, past)


def over(numerator: Vector, s: Vector, rule: Any) -> Vector:
    if rule.eps_position == "inside":
        return numerator / np.sqrt(s + rule.eps)
    return numerator / (np.sqrt(s) + rule.eps)


# Each gives the step from the rule's numbers, all gradients G, all learning rates so far, and x.


def gradient_descent(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * G[-1]


def heavy_ball(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    if rule.lr_in_velocity:
        return -fading(rule.momentum, rates[:, None] * G)
    return -rates[-1] * fading(rule.momentum, G)


def nesterov(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return rule.momentum * heavy_ball(rule, G, rates, x) - rates[-1] * G[-1]


def averaged_gradient(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * average(rule.momentum, G)


def dampening(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    taken = np.full(len(G), 1 - rule.dampening)
    if rule.initial_velocity == "first_gradient":
        taken[0] = 1
    return -rates[-1] * fading(rule.momentum, (taken * G.T).T)


def quasi_hyperbolic(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * (G[-1] + rule.nu * (average(rule.momentum, G) - G[-1]))


def triple_momentum(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    """y moves by d + gamma (d - d before), where d is the last move of xi."""
    beta = rule.rate**2 / (2 - rule.rate)
    gamma = rule.rate**2 / ((1 + rule.rate) * (2 - rule.rate))
    pushes = -(1 + rule.rate) * rates[:, None] * G
    d, before = fading(beta, pushes), fading(beta, pushes[:-1])
    return d + gamma * (d - before)


def adagrad(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * over(G[-1], rule.initial_accumulator + np.square(G).sum(axis=0), rule)


def rmsprop(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    scaled = []
    for n in range(1, len(G) + 1):
        s = rule.decay**n * rule.initial_accumulator + average(rule.decay, np.square(G[:n]))
        if rule.centered:
            s = s - np.square(average(rule.decay, G[:n]))
        scaled.append(over(G[n - 1], s, rule))
    return heavy_ball(rule, np.array(scaled), rates, x)


def adadelta(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    taken: list[Vector] = []
    for n in range(1, len(G) + 1):
        u = average(rule.decay, np.square(taken)) if taken else np.zeros_like(x)
        s = average(rule.decay, np.square(G[:n]))
        taken.append(G[n - 1] * np.sqrt((u + rule.eps) / (s + rule.eps)))
    return -rates[-1] * taken[-1]


def adam(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    t = len(G)
    m, s = average(rule.beta1, G), average(rule.beta2, np.square(G))
    c1, c2 = (1 - rule.beta1**t, 1 - rule.beta2**t) if rule.bias_correction else (1.0, 1.0)
    if rule.eps_position == "before_correction":
        ratio = m / c1 / ((np.sqrt(s) + rule.eps) / np.sqrt(c2))
    else:
        ratio = over(m / c1, s / c2, rule)
    return -rates[-1] * (ratio + (rule.weight_decay * x if rule.decay == "decoupled" else 0))


def nadam(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    t = len(G)
    warming = 1 - 0.5 * 0.96 ** (rule.momentum_decay * np.arange(1, t + 2))
    mu = rule.beta1 * (warming if rule.momentum_schedule == "warming" else np.ones(t + 1))
    m_hat = mu[t] * average(rule.beta1, G) / (1 - np.prod(mu))
    m_hat += (1 - mu[t - 1]) * G[-1] / (1 - np.prod(mu[:t]))
    return -rates[-1] * over(m_hat, average(rule.beta2, np.square(G)) / (1 - rule.beta2**t), rule)


def lion(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    before = average(rule.beta2, G[:-1]) if len(G) > 1 else np.zeros_like(x)
    direction = np.sign(rule.beta1 * before + (1 - rule.beta1) * G[-1])
    return -rates[-1] * direction - rates[-1] * rule.weight_decay * x


def signum(rule: Any, G: Vector, rates: Vector, x: Vector) -> Vector:
    return -rates[-1] * np.sign(fading(rule.momentum, G))


PAPERS: dict[str, Callable[..., Vector]] = {
    f.__name__: f
    for f in (gradient_descent, heavy_ball, nesterov, averaged_gradient, dampening, quasi_hyperbolic)
}
PAPERS |= {f.__name__: f for f in (triple_momentum, adagrad, rmsprop, adadelta, adam, nadam, lion, signum)}
PAPERS["adamw"] = adam


def path(rule: Rule, x: Vector, gradient: Callable[[Vector], Vector]) -> Vector:
    positions, seen, rates = [x], [], []
    for step in range(STEPS):
        x = positions[-1]
        coupled = rule.weight_decay if getattr(rule, "decay", None) == "coupled" else 0.0
        seen.append(gradient(x) + coupled * x)
        rates.append(lr(step))
        positions.append(x + PAPERS[rule.name()](rule, np.array(seen), np.array(rates), x))
    return np.array(positions)


def test_same_path_as_the_sums(
    variant: Rule, problem: Any, walk: Any, flat: Any, assert_same_path: Callable[..., None]
) -> None:
    x = problem.on("numpy")
    ours = walk(variant.replace(lr=lr), x, problem.gradient, STEPS)
    assert_same_path(ours, path(variant, flat(x), problem.gradient))


def test_every_rule_has_its_sum() -> None:
    assert set(CATALOGUE) == set(PAPERS)


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
