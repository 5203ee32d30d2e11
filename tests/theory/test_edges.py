"""Edges, rates and regimes against the formulas of the literature, to 1e-9. The formulas stand here, and only here."""

from __future__ import annotations

import math

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory import REGIMES

MOMENTA = (0.0, 0.1, 0.5, 0.9, 0.99)
TO = {"rel": 1e-9, "abs": 0}


@pytest.mark.parametrize("g", MOMENTA)
@pytest.mark.parametrize(
    ("rule", "edge"),
    [
        (lambda lr, g: pk.GradientDescent(lr=lr), lambda g: 2),
        (lambda lr, g: pk.HeavyBall(lr=lr, momentum=g), lambda g: 2 + 2 * g),
        (lambda lr, g: pk.HeavyBall(lr=lr, momentum=g, lr_in_velocity=False), lambda g: 2 + 2 * g),
        (lambda lr, g: pk.Nesterov(lr=lr, momentum=g), lambda g: (2 + 2 * g) / (1 + 2 * g)),
        (lambda lr, g: pk.AveragedGradient(lr=lr, momentum=g), lambda g: (2 + 2 * g) / (1 - g)),
        (
            lambda lr, g: pk.from_optax(optax.sgd, learning_rate=lr, momentum=g, nesterov=True),
            lambda g: (2 + 2 * g) / (1 + 2 * g),
        ),
    ],
    ids=["gradient descent", "heavy ball", "heavy ball outside", "nesterov", "averaged", "optax nesterov"],
)
def test_the_edge_of_stability(rule, edge, g):
    for lr, curvature in ((0.1, 1.0), (3.0, 0.01), (0.02, 250.0)):
        s = pk.stability(rule(lr, g), [curvature / 7, curvature])
        assert s.max_lr == pytest.approx(edge(g) / curvature, **TO)
        assert s.max_curvature == pytest.approx(edge(g) / lr, **TO)
        for off, stable in ((1 - 1e-6, True), (1 + 1e-6, False)):
            beside = pk.stability(rule(s.max_lr * off, g), [curvature])
            assert beside.stable is stable
            assert (beside.regimes[0] == "diverging") is not stable


@pytest.mark.parametrize("g", [0.1, 0.5, 0.9, 0.99])
def test_an_under_damped_heavy_ball_shrinks_by_the_root_of_its_momentum(g):
    low, high = (1 - math.sqrt(g)) ** 2, (1 + math.sqrt(g)) ** 2
    for a in np.linspace(low, high, 23)[1:-1]:
        s = pk.stability(pk.HeavyBall(lr=a / 3, momentum=g), [3.0])
        assert s.rate == pytest.approx(math.sqrt(g), **TO)
        assert s.regimes == ("under-damped",)
        # cos of the angle a step turns by, from the trace of the map
        assert s.periods[0] == pytest.approx(
            2 * math.pi / math.acos((1 + g - a) / (2 * math.sqrt(g))), rel=1e-6
        )


@pytest.mark.parametrize("a", [1e-4, 0.01, 0.1, 0.5, 0.9])
def test_critical_damping(a):
    """gamma = (1 - sqrt(eta lambda))^2: the two eigenvalues meet at 1 - sqrt(eta lambda)."""
    curvature = 3.7
    lr, critical = a / curvature, (1 - math.sqrt(a)) ** 2
    s = pk.stability(pk.HeavyBall(lr=lr, momentum=critical), [curvature])
    np.testing.assert_allclose(s.eigenvalues[0], 1 - math.sqrt(a), rtol=1e-9)
    assert s.rate == pytest.approx(1 - math.sqrt(a), **TO)
    assert s.regimes == ("critically damped",)
    below, above = (
        pk.stability(pk.HeavyBall(lr=lr, momentum=critical * f), [curvature]) for f in (0.999, 1.001)
    )
    assert (below.regimes, above.regimes) == (("over-damped",), ("under-damped",))
    assert below.rate > s.rate < above.rate


def test_the_regimes_of_gradient_descent():
    lrs = [0.5, 1.0, 1.5, 2.5]
    found = [pk.stability(pk.GradientDescent(lr=lr), [1.0]) for lr in lrs]
    assert [s.regimes[0] for s in found] == ["over-damped", "critically damped", "oscillating", "diverging"]
    np.testing.assert_allclose([s.rate for s in found], np.abs(1 - np.array(lrs)), rtol=1e-12)
    assert found[2].periods[0] == 2
    assert found[0].periods[0] == math.inf


def test_the_regimes_of_the_heavy_ball_in_their_order():
    g = 0.25  # critical at 0.25 and 2.25, the edge at 2.5
    found = pk.stability(pk.HeavyBall(lr=1.0, momentum=g), [0.1, 0.25, 1.0, 2.4, 2.6])
    assert found.regimes == REGIMES


def test_the_slowest_curvature_and_the_condition_number():
    s = pk.stability(pk.GradientDescent(lr=0.1), [5.0, 1.0, 2.0])
    assert (s.slowest, s.rate, s.condition_number) == (1.0, pytest.approx(0.9), 5.0)


def test_the_path_is_the_run(linear, run_on):
    rule = linear(0.3, 0.7)
    path = pk.stability(rule, [0.2, 4.0]).path(30, start=[-5.0, 2.0])
    for k, (curvature, x) in enumerate(((0.2, -5.0), (4.0, 2.0))):
        expected = run_on(rule, curvature, x, 30)
        np.testing.assert_allclose(path[:, k], expected, rtol=1e-9, atol=1e-12)


def test_the_ravine_of_the_chapter():
    """Where the original stack ends after 20 steps from (-5, -2)."""
    s = pk.stability(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine")
    np.testing.assert_allclose(s.path(20, start=[-5, -2])[-1], [0.007188, 0.002553], atol=5e-7)


def test_lr_zero_is_the_edge_and_says_so():
    s = pk.stability(pk.HeavyBall(lr=0.0, momentum=0.5), [1.0])
    assert s.rate == 1
    assert "its rate is 1, the edge" in s.words()[0]


def test_in_words():
    s = pk.stability(pk.HeavyBall(lr=0.6, momentum=0.5), [4.0])
    assert s.words(20) == (
        "On curvature 4 this setting ripples with period 2.78 steps (under-damped), grows up to 1.4 times before it "
        "shrinks, and shrinks by 0.7071 a step; in 20 steps 1 should become -0.001277.",
    )
    assert "slowest" not in str(s)
    assert "stable up to lr 0.75" in str(s)
