"""The steps that a run takes, and its peak, against runs of `descend`: double root, ripple, transient, and beyond."""

from __future__ import annotations

import math

import numpy as np
import pytest

import polyak as pk
from polyak.theory.transient import MOST, peak, steps_until

FRACTIONS = (0.5, 0.1, 0.01, 1e-4)


def run(rule, curvature, steps):
    return pk.descend(rule, pk.landscapes.quadratic([curvature], start=[1.0]), steps).positions[:, 0]


def taken(x, fraction):
    """The first step from which on |x| is at most the fraction; the run must have ended well below."""
    assert np.abs(x[-len(x) // 4 :]).max() < fraction
    above = np.flatnonzero(np.abs(x) > fraction)
    return int(above[-1]) + 1 if len(above) else 0


@pytest.mark.parametrize(
    ("k", "low", "high", "top"), [(1e2, 33, 45, 3.7), (1e4, 332, 583, 37), (1e6, 3319, 7082, 368)]
)
def test_best_heavy_ball_takes_its_double_root_and_its_transient(k, low, high, top):
    """rate^k alone says 23, 230 and 2303 steps of both ends."""
    best = pk.optimal(pk.HeavyBall, [1.0, k])
    s = pk.stability(best.rule, [1.0, k])
    runs = [run(best.rule, curvature, 4 * high) for curvature in (1.0, k)]
    assert s.steps_to(0.01).tolist() == [taken(x, 0.01) for x in runs] == [low, high]
    np.testing.assert_allclose(s.peaks, [np.abs(x).max() for x in runs], rtol=1e-5)
    assert s.peak == best.peak == pytest.approx(top, rel=0.01)
    assert best.steps_to(0.01) == high
    assert f"grows up to {s.peak:.3g} times before it shrinks" in str(best)
    assert f"grows up to {s.peak:.3g} times before it shrinks" in s.words()[1]
    assert "grows" not in s.words()[0]


def test_speedup_is_of_runs():
    best = pk.optimal(pk.HeavyBall, [1.0, 1e4])
    plain = math.ceil(math.log(0.01) / math.log((1e4 - 1) / (1e4 + 1)))  # 23,026 steps of both ends alike
    assert best.gradient_descent.steps_to(0.01) == plain
    assert best.speedup == plain / 583 == pytest.approx(39.5, abs=0.05)
    assert best.asymptotic_speedup == pytest.approx(100, rel=1e-3)
    assert best.gradient_descent.speedup == best.gradient_descent.asymptotic_speedup == 1


def test_of_every_linear_rule_and_regime(linear):
    for lr, momentum in ((0.3, 0.7), (0.05, 0.3), (0.5, 0.05)):
        rule = linear(lr, momentum)
        s = pk.stability(rule, [0.2, 1.0, 3.1])
        together = pk.descend(rule, pk.landscapes.quadratic(s.curvatures, start=[1.0] * 3), 2000).positions
        for k in range(3):
            if not s.stable or s.rates[k] == 0:
                continue
            x = together[:, k]
            if rule.settings().get("initial_velocity") == "first_gradient":
                continue  # its first step is another
            assert [s.steps_to(f)[k] for f in FRACTIONS] == [taken(x, f) for f in FRACTIONS]
            assert s.peaks[k] == pytest.approx(np.abs(x).max(), rel=1e-9)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.98])
def test_of_random_settings(momentum):
    """Over-damped, rippling and changing sign, up to the edge."""
    for a in np.random.default_rng(1).uniform(0.01, 2 + 2 * momentum - 0.05, 12):
        rule = pk.HeavyBall(lr=a, momentum=momentum)
        s, x = pk.stability(rule, [1.0]), run(rule, 1.0, 2000)
        assert [s.steps_to(f)[0] for f in FRACTIONS] == [taken(x, f) for f in FRACTIONS]
        assert s.peak == pytest.approx(np.abs(x).max(), rel=1e-9)


def test_of_three_rows(two_velocities):
    rule = two_velocities(lr=0.1)
    s, x = pk.stability(rule, [1.0]), run(rule, 1.0, 4000)
    assert s.changes.shape == (1, 3, 3)
    assert [s.steps_to(f)[0] for f in FRACTIONS] == [taken(x, f) for f in FRACTIONS]
    assert s.peak == pytest.approx(np.abs(x).max(), rel=1e-9)


def test_one_step_is_one_step():
    """Where the error is gone in one step, or in much less than one, it takes a step still."""
    for off in (0.0, 1e-3, -1e-3):
        s = pk.stability(pk.GradientDescent(lr=0.25 * (1 + off)), [4.0])
        assert s.steps_to_1_percent.tolist() == [1.0]
    best = pk.optimal(pk.HeavyBall, 4.0)
    assert (best.steps_to(0.01), best.speedup) == (1.0, 1.0)


def test_what_never_comes_and_what_cannot_be_told():
    s = pk.stability(pk.GradientDescent(lr=0.1), [1.0, 20.0, 30.0])
    assert s.steps_to(0.5)[0] == 7  # 0.9^7 is below a half, 0.9^6 above
    assert math.isnan(s.steps_to(0.5)[1])  # lr * curvature is 2 to rounding
    assert s.steps_to(0.5)[2] == s.peaks[2] == s.peak == math.inf or math.isnan(s.peak)
    still = pk.stability(pk.HeavyBall(lr=0.0, momentum=0.5), [1.0])
    assert still.steps_to_1_percent[0] == math.inf
    assert still.peak == 1.0


@pytest.mark.parametrize("a", [1e-9, 1e-12, 1e-17, 1e-300])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_more_steps_than_can_be_taken(a, momentum):
    """Over-damped by far, x_k is exp(-k a / (1 - momentum)) but for the first steps."""
    s = pk.stability(pk.HeavyBall(lr=a, momentum=momentum), [1.0])
    expected = -math.log(0.01) * (1 - momentum) / a
    assert s.steps_to_1_percent[0] == pytest.approx(expected, rel=1e-8)
    assert expected > MOST
    assert s.peak == 1


def test_long_runs_at_the_double_root():
    """x_k = (1 + c k) mu^k with c = (M_xx - mu)/mu, both ends of a condition number of 1e12, by Newton's method."""
    k = 1e12
    root = math.sqrt(k)
    momentum, lr = ((root - 1) / (root + 1)) ** 2, (2 / (root + 1)) ** 2
    s = pk.stability(pk.HeavyBall(lr=lr, momentum=momentum), [1.0, k])
    rho = (root - 1) / (root + 1)
    for M_xx, mu, found, peak_found in zip(
        (1 - lr, 1 - lr * k), (rho, -rho), s.steps_to(0.01), s.peaks, strict=True
    ):
        c, log_mu, steps = (M_xx - mu) / mu, math.log(abs(mu)), 1e7
        for _ in range(50):
            off = math.log(abs(1 + c * steps)) + steps * log_mu - math.log(0.01)
            steps -= off / (c / (1 + c * steps) + log_mu)
        assert found == pytest.approx(steps, rel=1e-6)
        turn = max(-1 / log_mu - 1 / c, 0.0)
        assert peak_found == pytest.approx(max(1.0, abs(1 + c * turn) * math.exp(turn * log_mu)), rel=1e-5)


@pytest.mark.parametrize(("a", "fades"), [(1.0, 1e-8), (0.37, 1e-8), (1e-12, 1e-9)])
def test_long_ripples_to_within_a_ripple(a, fades):
    """The amplitude is sqrt(1 + h^2) rate^k, h = (M_xx - Re mu)/Im mu."""
    s = pk.stability(pk.HeavyBall(lr=a, momentum=1 - fades), [1.0])
    mu = s.eigenvalues[0, 0]
    h = (1 - a - mu.real) / mu.imag
    last = (math.log(math.hypot(1, h)) - math.log(0.01)) / (-math.log1p(-fades) / 2)
    ripple = math.pi / abs(np.angle(mu))
    assert last - max(2 * ripple, 2e-3 * last) < s.steps_to_1_percent[0] <= last + 1


def test_powers_and_closed_form_of_a_long_run_agree():
    """Three rows, of which one keeps to itself: the same run by powers of the matrix."""
    D = np.array([[-1e-7, -0.5, 0.0], [1e-7, -0.5, 0.0], [0.0, 0.0, -0.9]])
    two, three = (steps_until(0.01, D[None, :n, :n]) for n in (2, 3))
    assert two == pytest.approx(-math.log(0.01) / 2e-7, rel=1e-6)
    assert three == pytest.approx(two, rel=1e-9)
    assert peak(D) == peak(D[:2, :2]) == 1


def test_several_together_are_a_length():
    D = np.array([[[-0.1]], [[-0.5]]])
    k = np.arange(200)
    length = np.hypot(3 * 0.9**k, 40 * 0.5**k)
    assert steps_until(0.02, D, np.array([3.0, -40.0])) == np.flatnonzero(length > 0.02)[-1] + 1
    assert steps_until(100.0, D, np.array([3.0, -40.0])) == 0
