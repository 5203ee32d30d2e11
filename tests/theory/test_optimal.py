"""The best settings, found numerically, against the closed forms of the literature to 1e-9."""

from __future__ import annotations

import math

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory import closed_forms, rates_by_condition_number

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
    assert b.asymptotic_speedup == pytest.approx(
        math.log(math.sqrt(gamma)) / math.log((k - 1) / (k + 1)), rel=1e-8
    )
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


def best_on_paper(family, k):
    """Learning rate, 1 - momentum and log rate on curvatures from 1 to k, of well-conditioned expressions."""
    root, triple = math.sqrt(k), math.sqrt(3 * k + 1)
    ball = ((2 / (root + 1)) ** 2, 4 * root / (root + 1) ** 2, -2 * math.atanh(1 / root))
    return {
        "gradient_descent": (2 / (1 + k), None, -2 * math.atanh(1 / k)),
        "heavy_ball": ball,
        "averaged_gradient": (ball[0] / ball[1], *ball[1:]),
        "nesterov": (4 / (3 * k + 1), 4 / (triple + 2), math.log1p(-2 / triple)),
    }[family]


@pytest.mark.parametrize("k", [1 + 1e-3, 2.0, 1e2, 1e4, 1e7, 1e10, 3e12, 1e15, 1e17])
@pytest.mark.parametrize("cls", [pk.GradientDescent, pk.HeavyBall, pk.AveragedGradient, pk.Nesterov])
def test_from_a_condition_number_of_1_to_1e17(cls, k):
    """1 - momentum is 4/sqrt(k): as a number below 1 it is known to 1e-16 sqrt(k)/4, and the rate with it."""
    b = pk.optimal(cls, [1.0, k])
    lr, lacks, log_rate = best_on_paper(b.family, k)
    to = 1e-9 + 1e-15 * math.sqrt(k)
    assert b.settings["lr"] == pytest.approx(lr, rel=to)
    assert b.log_rates.max() == pytest.approx(log_rate, rel=to)
    assert b.closed_form.lr == pytest.approx(lr, rel=1e-14)
    assert b.closed_form.rate == pytest.approx(math.exp(log_rate), abs=1e-15)
    assert b.closed_form.momentum == (None if lacks is None else pytest.approx(1 - lacks, abs=1e-15))
    if lacks is not None:
        assert 1 - b.settings["momentum"] == pytest.approx(lacks, rel=to)
        assert b.asymptotic_speedup == pytest.approx(log_rate / (-2 * math.atanh(1 / k)), rel=2 * to)
        assert 0.1 * b.asymptotic_speedup < b.speedup <= 1.1 * b.asymptotic_speedup
    assert np.isfinite(
        float(str(b).split("rate ")[2 if "rate=" in str(b) else 1].split(",")[0].split(" - ")[-1])
    )
    assert pk.stability(b.rule, [1.0, k]).stable


def test_three_numbers_are_no_worse_than_the_heavy_ball():
    """Dampened it is the heavy ball in other units."""
    log_rate = best_on_paper("heavy_ball", 1e6)[2]
    assert pk.optimal(pk.Dampening, [1.0, 1e6]).log_rates.max() == pytest.approx(log_rate, rel=1e-3)


@pytest.mark.parametrize(
    "curvature", [[1.0], [1.0, 1.0], [1.0, 1 + 1e-15], [1.0, 1 + 1e-9], [1e-200], [1e200, 1e200]]
)
@pytest.mark.parametrize(
    "cls", [pk.GradientDescent, pk.HeavyBall, pk.AveragedGradient, pk.Nesterov, pk.TripleMomentum]
)
def test_nearly_one_curvature_needs_one_step(cls, curvature):
    """The rate on paper is (k - 1)/(k + 1) or less; where two eigenvalues meet at 0 it is known to 1e-8."""
    b = pk.optimal(cls, curvature)
    assert b.rate <= 1e-7
    assert b.settings["lr"] * curvature[0] == pytest.approx(1, rel=1e-6)
    assert (b.steps_to(0.01), b.speedup) == (1, 1)
    assert "1 steps of gradient descent in one" in str(b) or cls is pk.GradientDescent


def test_a_wide_range_can_be_printed():
    assert str(pk.optimal(pk.HeavyBall, [1, 1e17])).startswith(
        "best heavy_ball(lr=4e-17, momentum=1 - 1.26e-08,"
    )
    assert "rate 1 - 6.32e-09" in str(pk.optimal(pk.HeavyBall, [1e-17, 1]))
    assert "rate 1 - 2e-40" in str(pk.optimal(pk.GradientDescent, [1, 1e40]))


def test_beyond_what_can_be_told_is_refused(refused):
    """A momentum nearer to 1 than rounding lets one see at the other end, where x changes sign at each step."""
    for cls in (pk.HeavyBall, pk.AveragedGradient, pk.Nesterov):
        with refused("the best momentum", "beyond"):
            pk.optimal(cls, [1, 1e40])
    with refused("condition number", "beyond"):
        pk.optimal(pk.GradientDescent, [1e-308, 1e308])


def test_no_setting_that_shrinks_is_refused(refused):
    def uphill(params, states, hyperparams):
        for p in params:
            p[:] += hyperparams["lr"] * p.grad

    with refused("no setting of uphill"):
        pk.optimal(pk.from_page(uphill, lr=0.1), [1.0, 2.0])


@pytest.mark.parametrize(("m", "L"), [(0.2, 4.0), (1.0, 1e6), (1e-5, 3.0)])
def test_closed_forms_are_the_rates_of_their_settings(m, L):
    """The rate that stands beside a setting is the one its eigenvalues have, on both ends."""
    forms = {
        pk.GradientDescent: closed_forms.best_gradient_descent(m, L),
        pk.HeavyBall: closed_forms.best_heavy_ball(m, L),
        pk.Nesterov: closed_forms.best_nesterov(m, L),
        pk.AveragedGradient: closed_forms.best_averaged_gradient(m, L),
    }
    for cls, form in forms.items():
        rule = cls(lr=form.lr) if form.momentum is None else cls(lr=form.lr, momentum=form.momentum)
        double_root = 4 * math.sqrt(1e-16 * math.sqrt(L / m))  # of the rounding of lr (1 - momentum)
        assert pk.stability(rule, [m, L]).rate == pytest.approx(form.rate, abs=double_root)
        assert pk.optimal(cls, [m, L]).closed_form == form


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
