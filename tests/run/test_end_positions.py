"""The end positions that design.md lists, measured on the original stack, to six decimals: by every path."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from polyak.landscapes import ravine
from polyak.rules import (
    AveragedGradient,
    Dampening,
    GradientDescent,
    HeavyBall,
    Nesterov,
    QuasiHyperbolic,
    Rule,
)
from polyak.run import descend

STEPS = 20
# eta, gamma -> x1, x2: f = 0.1 x1^2 + 2 x2^2 from (-5, -2).
LISTED = {
    (0.4, 0.0): (-0.943467, -0.000073),
    (0.6, 0.0): (-0.387814, -1673.365109),
    (0.4, 0.5): (-0.062843, 0.001202),
    (0.6, 0.5): (0.007188, 0.002553),
}
# Every member of the family that is the heavy ball when set so.
SPELLINGS = {
    "gradient descent": lambda lr, m: GradientDescent(lr) if m == 0 else None,
    "heavy ball, lr inside": HeavyBall,
    "heavy ball, lr outside": lambda lr, m: HeavyBall(lr, m, lr_in_velocity=False),
    "averaged gradient": lambda lr, m: AveragedGradient(lr / (1 - m), m),
    "dampening": lambda lr, m: Dampening(lr / (1 - 0.25), m, 0.25),
    "quasi-hyperbolic": lambda lr, m: QuasiHyperbolic(lr / (1 - m), m, nu=1.0),
    "quasi-hyperbolic, descent": lambda lr, m: QuasiHyperbolic(lr, 0.9, nu=0.0) if m == 0 else None,
    "Nesterov, descent": lambda lr, m: Nesterov(lr, 0.0) if m == 0 else None,
}
CASES = [
    pytest.param(rule, end, id=f"{name}, eta {lr}, gamma {m}")
    for (lr, m), end in LISTED.items()
    for name, spell in SPELLINGS.items()
    if (rule := spell(lr, m)) is not None
]


@pytest.mark.parametrize(("rule", "end"), CASES)
def test_compiled(rule: Rule, end: Any) -> None:
    trace = descend(rule, ravine, STEPS)
    assert tuple(trace.end.round(6)) == end
    assert trace.steps == STEPS
    assert trace.positions[0].tolist() == [-5, -2]


@pytest.mark.parametrize(("rule", "end"), CASES)
def test_by_the_rules_numpy_path(rule: Rule, end: Any) -> None:
    x = np.array([-5.0, -2.0])
    state = rule.init(x)
    for _ in range(STEPS):
        step, state = rule.update(np.array([0.2 * x[0], 4 * x[1]]), state, x)
        x = x + step
    assert type(x) is np.ndarray
    assert tuple(x.round(6)) == end


@pytest.mark.parametrize(("rule", "end"), CASES)
def test_eagerly(rule: Rule, end: Any) -> None:
    with jax.enable_x64(True):
        x = jnp.array([-5.0, -2.0])
        state = rule.init(x)
        for _ in range(STEPS):
            step, state = rule.update(jax.grad(ravine.function)(x), state, x)
            x = x + step
        assert tuple(np.asarray(x).round(6)) == end


@pytest.mark.parametrize(("settings", "end"), LISTED.items())
def test_by_the_chapters_own_loop(settings: Any, end: Any) -> None:
    (eta, gamma), (x1, x2, v1, v2) = settings, (-5.0, -2.0, 0.0, 0.0)
    ours = descend(HeavyBall(eta, gamma), "ravine", STEPS)
    for k in range(STEPS):
        v1 = gamma * v1 + eta * 0.2 * x1
        v2 = gamma * v2 + eta * 4 * x2
        x1, x2 = x1 - v1, x2 - v2
        # Each step rounds each number a few times, by half an eps of its size.
        np.testing.assert_allclose(
            ours.positions[k + 1],
            [x1, x2],
            rtol=0,
            atol=8 * (k + 1) * 2**-53 * np.hypot(*ours.positions[: k + 2].T).max(),
        )
        assert ours.values[k + 1] == pytest.approx(0.1 * x1**2 + 2 * x2**2, rel=1e-9)
    assert (round(x1, 6), round(x2, 6)) == end


def test_in_float32() -> None:
    trace = descend(HeavyBall(0.6, 0.5), ravine, STEPS, dtype="float32")
    assert trace.positions.dtype == trace.values.dtype == np.float32
    exact = descend(HeavyBall(0.6, 0.5), ravine, STEPS).positions
    # The rounding of x at each step, of the size of the first positions and never magnified.
    difference = np.abs(trace.positions - exact).max()
    assert 0 < difference <= STEPS * np.finfo("float32").eps * 5
