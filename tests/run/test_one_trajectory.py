"""Compiled, eager and NumPy: one trajectory for every rule, 200 steps with the learning rate dropped in the middle."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from polyak.landscapes import from_function
from polyak.rules import HeavyBall, Rule
from polyak.run import descend

STEPS, DROP = 200, 100
START = (-3.0, 1.7)


LR = {"adadelta": 4.0, "lars": 0.5}  # whose steps are small; for the others:
USUAL = 0.05


def dropping(kind: type[Rule]) -> Any:
    """The rule's learning rate, and a fifth of it from the hundredth step on."""
    return lambda step: LR.get(kind.name(), USUAL) * 0.2 ** (step >= DROP)


def wavy(x1: Any, x2: Any) -> Any:
    """A bowl with a wave: convex, not quadratic, its axes mixed."""
    return 0.6 * x1**2 + 2 * x2**2 + jnp.cos(x1 + 0.5 * x2)


def slope(x: np.ndarray) -> np.ndarray:
    pull = np.sin(x[0] + 0.5 * x[1])
    return np.array([1.2 * x[0] - pull, 4 * x[1] - 0.5 * pull])


def walk(rule: Rule, x: Any, gradient: Any) -> np.ndarray:
    state, positions = rule.init(x), [np.asarray(x)]
    for _ in range(STEPS):
        step, state = rule.update(gradient(x), state, x)
        x = x + step
        positions.append(np.asarray(x))
    return np.array(positions)


@pytest.fixture(scope="module")
def landscape() -> Any:
    return from_function(wavy, start=START)


@pytest.fixture
def rule(kind: type[Rule], rule_of: Any) -> Rule:
    return rule_of(kind, lr=dropping(kind))


def amplified(rule: Rule, reference: np.ndarray) -> float:
    """How far the positions may part: measured by a start that is off by 2^-30.

    What one rounding (an eps of the largest number) becomes by the end is at most what that start becomes, in
    proportion; there are a few roundings at each step, on each of the two paths.
    """
    off = 2.0**-30
    ends = [walk(rule, reference[0] + off * axis, slope) for axis in np.eye(2)]
    growth = max(1.0, max(np.abs(end - reference).max() for end in ends) / off)
    return 8 * STEPS * float(np.finfo(float).eps * np.abs(reference).max() * growth)


def test_compiled_and_numpy(rule: Rule, landscape: Any) -> None:
    reference = walk(rule, np.array(START), slope)
    trace = descend(rule, landscape, STEPS)
    tolerance = amplified(rule, reference)
    assert tolerance < 1e-9, "rounding is magnified too much to tell"
    np.testing.assert_allclose(trace.positions, reference, rtol=0, atol=tolerance)
    assert np.abs(reference[DROP] - reference[0]).max() > 0.5
    assert np.abs(reference[-1] - reference[DROP]).max() > 1e-4


def test_eager_and_numpy(rule: Rule, landscape: Any) -> None:
    reference = walk(rule, np.array(START), slope)
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(landscape.function))
        path = walk(rule, jnp.array(START), gradient)
    np.testing.assert_allclose(path, reference, rtol=0, atol=amplified(rule, reference))


def test_compiled_in_float32(rule: Rule, landscape: Any) -> None:
    trace = descend(rule, landscape, STEPS, dtype="float32")
    reference = walk(rule, np.array(START), slope)
    ratio = float(np.finfo("float32").eps / np.finfo("float64").eps)
    assert trace.positions.dtype == np.float32
    # Rules that divide by the root of squares magnify what float32 does to the first small ones.
    tolerance = ratio * amplified(rule, reference)
    assert np.abs(trace.positions - reference).max() <= tolerance


def test_the_drop_is_felt_at_its_step(kind: type[Rule], rule_of: Any, landscape: Any) -> None:
    """Up to the drop the trajectory is that of the constant rate; from the step of the drop on it is not."""
    dropped = descend(rule_of(kind, lr=dropping(kind)), landscape, STEPS).positions
    constant = descend(rule_of(kind, lr=LR.get(kind.name(), USUAL)), landscape, STEPS).positions
    np.testing.assert_array_equal(dropped[: DROP + 1], constant[: DROP + 1])
    assert np.abs(dropped[DROP + 1] - constant[DROP + 1]).max() > 1e-7


def test_a_momentum_that_grows(landscape: Any) -> None:
    growing = HeavyBall(lr=0.05, momentum=lambda step: 0.9 * (step + 1) / (step + 10))
    trace = descend(growing, landscape, STEPS)
    x, v = np.array(START), np.zeros(2)
    for k in range(STEPS):
        v = 0.9 * (k + 1) / (k + 10) * v + 0.05 * slope(x)
        x = x - v
        np.testing.assert_allclose(trace.positions[k + 1], x, rtol=0, atol=1e-13 * np.hypot(*START))
