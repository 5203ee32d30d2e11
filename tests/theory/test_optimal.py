"""The best settings, found numerically, against the closed forms of the literature to 1e-9."""

from __future__ import annotations

import math

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory import rates_by_condition_number

TO = {"rel": 1e-9, "abs": 1e-12}
ENDS = [(0.2, 4.0), (1.0, 1000.0), (3.0, 3.3)]


@pytest.mark.parametrize(("m", "L"), ENDS)
def test_the_heavy_ball(m, L):
    b, k = pk.optimal(pk.HeavyBall, curvature=[m, L]), L / m
    eta = (2 / (math.sqrt(L) + math.sqrt(m))) ** 2
    gamma = ((math.sqrt(k) - 1) / (math.sqrt(k) + 1)) ** 2
    assert b.settings["lr"] == pytest.approx(eta, **TO)
    assert b.settings["momentum"] == pytest.approx(gamma, **TO)
    assert b.rate == pytest.approx(math.sqrt(gamma), **TO)
    assert b.gradient_descent.settings["lr"] == pytest.approx(2 / (L + m), **TO)
    assert b.gradient_descent.rate == pytest.approx((k - 1) / (k + 1), **TO)
    assert b.speedup == pytest.approx(math.log(math.sqrt(gamma)) / math.log((k - 1) / (k + 1)), rel=1e-8)
    assert b.closed_form.momentum == pytest.approx(gamma)


@pytest.mark.parametrize(("m", "L"), ENDS)
def test_nesterov_and_the_averaged_gradient(m, L):
    k = L / m
    nesterov, averaged = (pk.optimal(cls, curvature=[m, L]) for cls in (pk.Nesterov, pk.AveragedGradient))
    root = math.sqrt(3 * k + 1)
    assert nesterov.settings["lr"] == pytest.approx(4 / (3 * L + m), **TO)
    assert nesterov.settings["momentum"] == pytest.approx((root - 2) / (root + 2), **TO)
    assert nesterov.rate == pytest.approx(1 - 2 / root, **TO)
    gamma = ((math.sqrt(k) - 1) / (math.sqrt(k) + 1)) ** 2
    assert averaged.settings["momentum"] == pytest.approx(gamma, **TO)
    assert averaged.settings["lr"] == pytest.approx(
        (2 / (math.sqrt(L) + math.sqrt(m))) ** 2 / (1 - gamma), **TO
    )


def test_of_one_curvature_gradient_descent_needs_one_step():
    b = pk.optimal(pk.GradientDescent, curvature=4)
    assert b.settings["lr"] == pytest.approx(0.25)
    assert b.rate == pytest.approx(0, abs=1e-12)
    assert b.gradient_descent is None


def test_three_numbers_find_the_heavy_ball_among_them():
    """No quasi-hyperbolic momentum beats the heavy ball on two curvatures far apart; nu = 1 is the heavy ball."""
    b = pk.optimal(pk.QuasiHyperbolic, curvature=[1.0, 9.0])
    assert b.rate == pytest.approx(0.5, abs=1e-6)
    assert b.settings["nu"] == pytest.approx(1, abs=1e-5)
    assert b.closed_form is None


def test_nothing_near_it_is_better():
    b = pk.optimal(pk.TripleMomentum, curvature=[0.2, 4.0])
    for name, value in b.settings.items():
        for factor in (0.999, 1.001):
            beside = pk.stability(b.rule.replace(**{name: factor * value}), [0.2, 4.0])
            assert beside.rate > b.rate
    assert pk.stability(b.rule, [0.2, 4.0]).rate == pytest.approx(b.rate, rel=1e-9)


def test_a_page_and_optax_have_the_heavy_balls_best(pages):
    ours = pk.optimal(pk.HeavyBall, curvature=[0.2, 4.0])
    sgd = pk.from_optax(optax.sgd, learning_rate=0.1, momentum=0.9)
    for rule in (pages["as in a book"], sgd):
        theirs = pk.optimal(rule, curvature=[0.2, 4.0])
        assert list(theirs.settings.values()) == pytest.approx(list(ours.settings.values()), **TO)
        assert theirs.closed_form == ours.closed_form


def test_of_a_landscape_and_of_a_problem():
    assert pk.optimal(pk.HeavyBall, "ravine").settings == pytest.approx(
        pk.optimal(pk.HeavyBall, [0.2, 4.0]).settings, **TO
    )
    problem = pk.linear_regression(([[1.0], [2.0], [-1.0]], [1.0, 2.0, 0.0]))
    s = pk.stability(pk.GradientDescent(lr=0.1), problem)
    best = pk.optimal(pk.GradientDescent, problem)
    assert best.settings["lr"] == pytest.approx(2 / s.curvatures.sum(), **TO)


def test_the_rate_against_the_condition_number():
    found = rates_by_condition_number(pk.HeavyBall, [4.0, 100.0])
    np.testing.assert_allclose(found.rate, [1 / 3, 9 / 11], rtol=1e-9)
    np.testing.assert_allclose(found.closed_form, found.rate, rtol=1e-9)
    np.testing.assert_allclose(found.gradient_descent, [3 / 5, 99 / 101], rtol=1e-9)
    assert np.isnan(rates_by_condition_number(pk.TripleMomentum, [4.0]).closed_form).all()


def test_bad_input_is_one_line(refused):
    with refused("not linear"):
        pk.optimal(pk.Adam, [1.0, 2.0])
    with refused("negative", "saddle"):
        pk.optimal(pk.HeavyBall, [-1.0, 2.0])
    with refused("is 0"):
        pk.optimal(pk.HeavyBall, [0.0, 2.0])
    with refused("over 1"):
        rates_by_condition_number(pk.HeavyBall, [1.0])

    def four(params, states, hyperparams):
        for p, v in zip(params, states):
            v[:] = hyperparams["m"] * v + hyperparams["c"] * p.grad
            p[:] -= hyperparams["p"] * (v + hyperparams["q"] * p.grad)

    with refused("4 numbers (p, m, c, q)", "three at most"):
        pk.optimal(pk.from_page(four, m=0.5, c=0.3, p=0.4, q=0.2), [1.0, 2.0])
