"""Rates that round to 1, and learning rates at the ends of what double precision has: told by 1 - rate, or refused."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory.spectrum import spectrum
from polyak.theory.words import rate_in_words


@pytest.mark.parametrize(
    ("lr", "curvature"), [(1e-5, 1e-12), (1e-7, 1e-10), (1e-300, 1.0), (1e-9, 1e-200), (3e-17, 0.1)]
)
def test_gradient_descent_creeps_and_its_edge_is_2(lr, curvature):
    s = pk.stability(pk.GradientDescent(lr=lr), [curvature, 1.0])
    assert s.stable
    assert s.regimes == ("over-damped", "over-damped")
    assert s.log_rates[0] == pytest.approx(math.log1p(-lr * curvature), rel=1e-14)
    assert s.max_lr == pytest.approx(2, rel=1e-12)
    assert s.max_curvature == pytest.approx(2 / lr, rel=1e-12)
    assert s.slowest == curvature
    assert s.steps_to(0.01)[0] == pytest.approx(math.log(0.01) / -lr / curvature, rel=1e-9)
    assert f"rate 1 - {lr * curvature:.3g}, over-damped on {curvature:g}, stable up to lr 2" in str(s)
    assert f"shrinks by 1 - {lr * curvature:.3g} a step" in s.words()[0]


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("lr", [1e-300, 1e-30, 0.1, 1e30, 1e300])
def test_the_edge_does_not_know_the_learning_rate(lr, inside):
    """2 + 2 momentum over the largest curvature, whatever the rule has now."""
    s = pk.stability(pk.HeavyBall(lr=lr, momentum=0.5, lr_in_velocity=inside), [1.0, 2.0])
    assert s.stable is (lr <= 0.1)
    assert (s.max_lr, s.max_curvature) == (pytest.approx(1.5, rel=1e-12), pytest.approx(3 / lr, rel=1e-12))
    # mu^2 - (1 + momentum - a) mu + momentum: near mu = 1 - a/(1 - momentum), or mu = -a
    if lr < 1e-20:
        np.testing.assert_allclose(s.log_rates, [-2 * lr, -4 * lr], rtol=1e-14)
    if lr > 1e20:
        np.testing.assert_allclose(s.log_rates, np.log(lr) + np.log([1.0, 2.0]), rtol=1e-14)
        assert "outgrows double precision" in s.words(40)[1]


def test_the_edge_of_what_shows_no_learning_rate():
    s = pk.stability(optax.sgd(1e-300, 0.5), [1.0, 2.0])
    assert (s.lr, s.stable_lrs, s.stable) == (None, None, True)
    assert math.isnan(s.max_lr)
    assert s.max_curvature == pytest.approx(3e300, rel=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 1 - 1e-9])
@pytest.mark.parametrize("a", [1e-3, 1e-9, 1e-17, 1e-100])
def test_two_rows_to_their_own_digits(a, momentum):
    """The characteristic polynomial of the same doubles in exact fractions: delta^2 + (1 - m + a) delta + a."""
    s = pk.stability(pk.HeavyBall(lr=a, momentum=momentum), [1.0])
    m, t = Fraction(momentum), Fraction(a)
    for delta in s.shifts[0]:
        if delta.imag:
            assert (1 + delta.real) ** 2 + delta.imag**2 == pytest.approx(momentum, rel=1e-14)
            continue
        x = Fraction(delta.real)
        off = (x * x + (1 - m + t) * x + t) / (2 * x + 1 - m + t)  # Newton's correction, exactly
        assert abs(off) <= abs(x) * Fraction(1, 10**13)


def test_small_eigenvalues_of_three_rows(two_velocities):
    """To first order delta = -lr * gain; the velocities' gains are 10 and 50: 0.1 * 10 + 0.1 * 50 + 0.2."""
    for lr in (1e-12, 1e-25, 1e-200):
        s = pk.stability(two_velocities(lr=lr), [1.0])
        assert s.log_rates[0] == pytest.approx(-6.2 * lr, rel=1e-9)
        assert s.regimes == ("over-damped",)
        assert len(s.stable_lrs) == 2


def test_over_damped_is_not_taken_for_critical_where_both_are_nearly_1():
    s = pk.stability(pk.HeavyBall(lr=1e-17, momentum=1 - 1e-7), [1.0])
    assert s.regimes == ("over-damped",)
    assert s.log_rates[0] == pytest.approx(-1e-10, rel=1e-3)


@pytest.mark.parametrize(
    "rule",
    [
        pk.HeavyBall(lr=0.0, momentum=0.5),
        pk.GradientDescent(lr=2.0),
        pk.HeavyBall(lr=3.0, momentum=0.5),
        pk.HeavyBall(lr=1.0, momentum=1 - 2.0**-53),
    ],
    ids=str,
)
def test_what_cannot_be_told_from_1_is_said_so(rule):
    s = pk.stability(rule, [1.0])
    assert (s.log_rates[0], s.rate, s.stable) == (0.0, 1.0, False)
    assert "its rate is 1, the edge" in s.words()[0]


def test_beyond_double_precision_is_refused(refused):
    for lr, curvature in ((1e-200, 1e-200), (1e-306, 1.0), (1e200, 1e200)):
        with refused("beyond double precision"):
            pk.stability(pk.HeavyBall(lr=lr, momentum=0.5), [curvature])


def test_the_phase_diagram_near_1():
    d = pk.phase_diagram(pk.HeavyBall, lr_curvature=[0.0, 1e-17, 1e-13], values=[0.5])
    assert d.regime.values.ravel().tolist() == [4, 0, 0]


def test_rates_in_words():
    delta, log_rates, _ = spectrum(np.array([[[-1e-17]], [[-2 - 1e-9]], [[-0.25]]]))
    assert delta.shape == (3, 1)
    assert [rate_in_words(value) for value in log_rates] == ["1 - 1e-17", "1 + 1e-09", "0.75"]


def test_a_setting_next_to_1_is_not_printed_as_1():
    assert "momentum=1 - 1e-09" in str(pk.HeavyBall(lr=0.1, momentum=1 - 1e-9))
    assert "momentum=0.99999," in str(pk.HeavyBall(lr=0.1, momentum=0.99999))
