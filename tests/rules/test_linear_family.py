"""The linear momentum family: what a row (m, c, p, q) says, and which members are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyak.rules import (
    AveragedGradient,
    Dampening,
    GradientDescent,
    HeavyBall,
    LinearRule,
    Nesterov,
    QuasiHyperbolic,
    TripleMomentum,
)

EPS = np.finfo(float).eps
rates = st.floats(1e-6, 10.0)
momenta = st.floats(0.0, 0.999)
parts = st.floats(0.0, 1.0)
forms = st.booleans()
MEMBERS = st.one_of(
    st.builds(GradientDescent, rates),
    st.builds(HeavyBall, rates, momenta, lr_in_velocity=forms),
    st.builds(Nesterov, rates, momenta, lr_in_velocity=forms),
    st.builds(AveragedGradient, rates, momenta),
    st.builds(Dampening, rates, momenta, parts),
    st.builds(QuasiHyperbolic, rates, momenta, parts),
    st.builds(TripleMomentum, rates, momenta),
)
repeatable = settings(derandomize=True, max_examples=200, deadline=None)


def moves(rule: LinearRule, gradients: Any) -> np.ndarray:
    """How far each gradient of a sequence moves x downhill, x being of no account."""
    x, state, out = np.array(0.0), rule.init(np.array(0.0)), []
    for g in gradients:
        updates, state = rule.update(np.array(g), state, x)
        out.append(-float(updates))
    return np.array(out)


def response(rule: LinearRule, steps: int = 30) -> np.ndarray:
    """The impulse response: the moves of one unit gradient at step 0."""
    return moves(rule, [1.0] + [0.0] * (steps - 1))


@repeatable
@given(MEMBERS)
def test_the_response_follows_from_the_row(rule: LinearRule) -> None:
    m, c, p, q = rule.coefficients()
    k = np.arange(30)
    expected = p * c * m**k
    expected[0] += q
    # One rounding a step; p and m^k are powers and products that round a few times more. Past the
    # smallest normal number a rounding is no longer relative.
    np.testing.assert_allclose(response(rule), expected, rtol=40 * EPS, atol=30 * np.finfo(float).tiny)


@repeatable
@given(MEMBERS, st.lists(st.floats(-10, 10), min_size=1, max_size=20))
def test_moves_are_the_response_laid_over_the_gradients(rule: LinearRule, gradients: list[float]) -> None:
    """Linear and the same at every step: the moves are the gradients' convolution with the response."""
    expected = np.convolve(gradients, response(rule, len(gradients)))[: len(gradients)]
    # Terms of both signs may cancel, so the bound is on what goes in: gradients of 10 for ever would
    # bring the velocity to 10 c / (1 - m). Twenty steps round twice each, and so do twenty sums.
    m, c, p, q = rule.coefficients()
    bound = 10 * (p * c / (1 - m) + q)
    np.testing.assert_allclose(moves(rule, gradients), expected, rtol=0, atol=80 * EPS * bound)


LR, GAMMA = 0.3, 0.8
SAME = {
    "momentum 0, heavy ball inside": (HeavyBall(LR, 0.0), GradientDescent(LR)),
    "momentum 0, heavy ball outside": (HeavyBall(LR, 0.0, lr_in_velocity=False), GradientDescent(LR)),
    "momentum 0, nesterov inside": (Nesterov(LR, 0.0), GradientDescent(LR)),
    "momentum 0, nesterov outside": (Nesterov(LR, 0.0, lr_in_velocity=False), GradientDescent(LR)),
    "momentum 0, averaged": (AveragedGradient(LR, 0.0), GradientDescent(LR)),
    "momentum 0, dampening 0": (Dampening(LR, 0.0, 0.0), GradientDescent(LR)),
    "momentum 0, quasi-hyperbolic": (QuasiHyperbolic(LR, 0.0, 0.6), GradientDescent(LR)),
    "rate 0, triple momentum": (TripleMomentum(LR, 0.0), GradientDescent(LR)),
    "nu 0": (QuasiHyperbolic(LR, GAMMA, 0.0), GradientDescent(LR)),
    "nu 1": (QuasiHyperbolic(LR, GAMMA, 1.0), AveragedGradient(LR, GAMMA)),
    "nu momentum": (QuasiHyperbolic(LR, GAMMA, GAMMA), Nesterov(LR * (1 - GAMMA), GAMMA)),
    "dampening momentum": (Dampening(LR, GAMMA, GAMMA), AveragedGradient(LR, GAMMA)),
    "dampening 0": (Dampening(LR, GAMMA, 0.0), HeavyBall(LR, GAMMA, lr_in_velocity=False)),
    "average, gain undone": (AveragedGradient(LR / (1 - GAMMA), GAMMA), HeavyBall(LR, GAMMA)),
}


@pytest.mark.parametrize("name", SAME)
def test_two_names_of_one_member(name: str, problem: Any, walk: Any, assert_same_path: Any) -> None:
    a, b = SAME[name]
    x = problem.on("numpy")
    assert_same_path(walk(a, x, problem.gradient, 200), walk(b, x, problem.gradient, 200))


def falling(step: int) -> float:
    return 0.1 if step < 60 else 0.02 if step < 90 else 0.05


def look_ahead(x: np.ndarray, gradient: Any, steps: int, gamma: float) -> np.ndarray:
    """Nesterov's method as published: the gradient is taken at x + gamma v, and then x moves.

    Returns the points x + gamma v.
    """
    v, shifted = np.zeros_like(x), [x]
    for step in range(steps):
        v = gamma * v - falling(step) * gradient(x + gamma * v)
        x = x + v
        shifted.append(x + gamma * v)
    return np.array(shifted)


def test_nesterov_inside_is_the_look_ahead_while_the_lr_changes(
    problem: Any, walk: Any, flat: Any, assert_same_path: Any
) -> None:
    published = look_ahead(flat(problem.params), problem.gradient, 200, 0.9)
    ours = walk(Nesterov(falling, 0.9), problem.on("numpy"), problem.gradient, 200)
    assert_same_path(ours, published)


def test_nesterov_outside_is_the_look_ahead_only_until_then(problem: Any, walk: Any, flat: Any) -> None:
    published = look_ahead(flat(problem.params), problem.gradient, 200, 0.9)
    rule = Nesterov(falling, 0.9, lr_in_velocity=False)
    gap = np.abs(walk(rule, problem.on("numpy"), problem.gradient, 200) - published).max(axis=1)
    scale = np.abs(published).max()
    assert gap[:61].max() < 1e-12 * scale
    assert gap[61] > 1e-6 * scale


@pytest.mark.parametrize("condition", [2.0, 10.0, 1e4])
def test_triple_momentum_reaches_its_rate(condition: float) -> None:
    """Tuned for curvatures from m to L, no eigenvalue of its step on them exceeds 1 - sqrt(m/L)."""
    rule = TripleMomentum.tuned(smoothness=1.0, strong_convexity=1 / condition)
    m, c, p, q = rule.coefficients()
    rho = 1 - 1 / np.sqrt(condition)
    for curvature in np.linspace(1 / condition, 1.0, 50):
        # (v, x) -> (m v + c h x, x - p (m v + c h x) - q h x)
        step = np.array([[m, c * curvature], [-p * m, 1 - (p * c + q) * curvature]])
        # A double eigenvalue moves by the root of a rounding.
        assert np.abs(np.linalg.eigvals(step)).max() <= rho + 4 * np.sqrt(EPS)
