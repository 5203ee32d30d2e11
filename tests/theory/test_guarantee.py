"""The largest rate over all functions between two curvatures: closed forms, a checked proof, what it refuses."""

from __future__ import annotations

import dataclasses
import importlib.util
import math

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.ground.errors import PolyakError
from polyak.landscapes import piecewise_quadratic
from polyak.theory import guarantee_curve, semidefinite
from polyak.theory.certified_rate import best_certificate, quadratic_rate
from polyak.theory.step_map import StepMap

BETWEEN = {"smoothness": 25.0, "strong_convexity": 1.0}


def averaging(params, states, hyperparams):
    for p in params:
        p[:] -= hyperparams["lr"] * (p.grad + p.grad.sum())


@pytest.fixture(scope="module")
def best_heavy_ball():
    """The heavy ball's best setting on quadratics from 1 to 25, in the digits that models and books give it in."""
    return pk.guarantee(pk.HeavyBall(lr=1 / 9, momentum=4 / 9), **BETWEEN)


@pytest.mark.parametrize("k", [1.01, 2.0, 25.0, 1e3, 1e5])
@pytest.mark.parametrize("part", [0.3, 1.0, 1.7])
def test_gradient_descent_is_as_on_paper(k, part):
    m = 0.3
    lr = part / (m * k)
    g = pk.guarantee(pk.GradientDescent(lr=lr), smoothness=m * k, strong_convexity=m)
    # max(|1 - eta m|, |1 - eta L|): Polyak (1987); Lessard, Recht & Packard (2016), section 4.4
    exact = max(abs(1 - lr * m), abs(1 - lr * m * k))
    assert exact <= g.rate <= exact + 1e-4 * (1 - exact)
    assert g.tight


@pytest.mark.parametrize("k", [4.0, 25.0, 400.0, 1e4])
def test_best_gradient_descent_and_triple_momentum(k):
    plain = pk.guarantee(pk.GradientDescent(lr=2 / (k + 1)), smoothness=k, strong_convexity=1)
    assert plain.rate == pytest.approx((k - 1) / (k + 1), abs=1e-4)
    triple = pk.guarantee(
        pk.TripleMomentum.tuned(smoothness=k, strong_convexity=1.0), smoothness=k, strong_convexity=1
    )
    # Van Scoy, Freeman & Lynch (2018), theorem 1
    assert triple.rate == pytest.approx(1 - 1 / math.sqrt(k), abs=1e-4 / math.sqrt(k))


def test_nesterov_is_better_than_its_textbook_bound():
    g = pk.guarantee(pk.Nesterov(lr=0.04, momentum=2 / 3), **BETWEEN)
    assert g.rate == pytest.approx(0.8496, abs=5e-5)
    assert g.quadratic_rate == pytest.approx(0.8, abs=1e-9)
    assert g.rate < math.sqrt(1 - 1 / 5)  # Nesterov (2004), theorem 2.2.3
    assert not g.tight


def test_best_heavy_ball_of_quadratics_has_no_certificate_and_cycles(best_heavy_ball):
    g = best_heavy_ball
    assert g.rate == math.inf
    assert not g.certified
    assert g.certificate is None
    assert g.quadratic_rate == pytest.approx(2 / 3)
    shown = g.counterexample
    x = np.linspace(-3, 3, 4001)
    slopes = np.diff(shown.gradient(x[:, None]).ravel()) / np.diff(x)
    assert slopes.min() >= 1 - 1e-9
    assert slopes.max() <= 25 + 1e-9
    run = pk.descend(g.rule, shown, 6000).positions.ravel()
    last = run[-len(g.cycle) :]
    np.testing.assert_allclose(np.sort(last), np.sort(g.cycle), atol=1e-9)
    np.testing.assert_allclose(run[-600:], np.tile(last, 600 // len(last)), atol=1e-9)
    assert np.ptp(last) > 0.5


def test_known_cycle_of_the_heavy_ball_is_one():
    # Lessard, Recht & Packard (2016), eq. (4.11)
    f = piecewise_quadratic([1.0, 2.0], [25.0, 1.0, 25.0], start=3.3)
    run = pk.descend(pk.HeavyBall(lr=1 / 9, momentum=4 / 9), f, 3000).positions.ravel()
    np.testing.assert_allclose(np.sort(run[-3:]), [-1.8024, 0.6465, 2.1159], atol=1e-4)


@pytest.mark.parametrize(
    ("momentum", "part"), [(0.9, 0.6), (0.927, 0.486), (0.756, 0.72), (0.6, 0.95), (0.731, 0.7)]
)
def test_where_nothing_holds_a_function_is_found(momentum, part):
    rule = pk.HeavyBall(lr=part * 2 * (1 + momentum) / 40, momentum=momentum)
    g = pk.guarantee(rule, smoothness=40, strong_convexity=1)
    assert g.quadratic_rate < 1
    assert not g.certified
    assert g.cycle
    assert "stays there" in " ".join(g.words())
    run = pk.descend(rule, g.counterexample, 5000).positions.ravel()
    assert np.abs(run[-50:]).max() > 1e-3 * abs(run[0])


def test_a_rule_that_is_not_stable_is_shown_to_grow():
    g = pk.guarantee(pk.GradientDescent(lr=0.1), **BETWEEN)
    assert g.rate == math.inf
    assert g.quadratic_rate == pytest.approx(1.5)
    assert g.counterexample([1.0]) == pytest.approx(12.5)
    assert g.cycle == ()
    assert "does not come down" in g.words()[-1]
    edge = pk.guarantee(pk.GradientDescent(lr=2 / 25), **BETWEEN)  # from 1 to -1 and back
    assert not edge.certified
    np.testing.assert_allclose(np.sort(edge.cycle), [-1, 1])


def test_the_proof_is_checked_by_us_and_a_wrong_one_does_not_hold():
    proof = pk.guarantee(pk.Nesterov(lr=0.04, momentum=2 / 3), **BETWEEN).certificate
    assert proof.holds
    smaller = dataclasses.replace(proof, rate=proof.rate - 1e-3)
    assert not smaller.holds
    assert not dataclasses.replace(proof, P=-proof.P).holds
    assert not dataclasses.replace(proof, p=proof.p + 1e-6).holds
    assert not dataclasses.replace(proof, shrinks=-proof.shrinks).holds
    assert not dataclasses.replace(proof, P=proof.P * math.nan).holds


@pytest.mark.parametrize("window", [1, 2, 4])
def test_lyapunov_function_falls_by_the_rate_on_every_run(window):
    """The certificate put to real runs: V_{k+1} <= rate^2 V_k on functions with breaks wherever they fall."""
    m, L, rule = 1.0, 25.0, pk.HeavyBall(lr=0.06, momentum=0.4)
    found = semidefinite.certificate(
        pk.theory.interpolation.conditions(pk.theory.step_map(rule), m, L, window), 0.9
    )
    assert found.holds
    rng = np.random.default_rng(2)
    for _ in range(5):
        breaks = np.sort(rng.normal(size=6))
        f = piecewise_quadratic(breaks, rng.uniform(m, L, size=7), start=rng.uniform(1, 4))
        run = pk.descend(rule, f, 40)
        x, g, value = run.positions.ravel(), f.gradient(run.positions).ravel(), run.values
        v = np.append(0.0, x[:-1] - x[1:])
        z = np.stack([x, v]) / found.conditions.scale[:, None]
        count = 40 - window
        zeta = np.vstack([z[:, :count], *(g[None, j : j + count] / L for j in range(window))])
        V = np.einsum("ik,ij,jk->k", zeta, found.P, zeta)
        V += sum(found.p[j] * value[j : j + count] / L for j in range(window))
        assert (V > 0).all()
        assert (V[1:] <= 0.81 * V[:-1] * (1 + 1e-9) + 1e-12 * V[0]).all()


def test_one_curvature_is_a_quadratic():
    rule = pk.HeavyBall(lr=0.3, momentum=0.5)
    g = pk.guarantee(rule, smoothness=2, strong_convexity=2)
    assert g.rate == pytest.approx(pk.stability(rule, [2.0]).rate)
    assert pk.guarantee(pk.GradientDescent(lr=2.0), smoothness=2, strong_convexity=2).rate == math.inf
    nearly = pk.guarantee(rule, smoothness=2.0001, strong_convexity=2)
    assert nearly.rate == pytest.approx(g.rate, abs=1e-3)


def test_every_linear_rule_and_every_unit(linear):
    """A rule of ours, of Optax and of a page; and what is x in metres is x in millimetres."""
    rule = linear(0.02, 0.5)
    g = pk.guarantee(rule, **BETWEEN)
    assert g.certified
    assert g.rate >= g.quadratic_rate
    scaled = pk.guarantee(linear(0.02e4, 0.5), smoothness=25e-4, strong_convexity=1e-4)
    if "triple" not in str(rule):
        assert scaled.rate == pytest.approx(g.rate, abs=1e-5)


def test_forms_of_one_rule_have_one_rate(pages, untraceable):
    ours = pk.guarantee(pk.HeavyBall(lr=0.4, momentum=0.6), smoothness=4, strong_convexity=1)
    for rule in (
        pages["as in a book"],
        pages["with a counter"],
        untraceable,
        pk.HeavyBall(lr=0.4, momentum=0.6, lr_in_velocity=False),
        pk.from_optax(optax.sgd, learning_rate=0.4, momentum=0.6),
        pk.AveragedGradient(lr=1.0, momentum=0.6),
    ):
        theirs = pk.guarantee(rule, smoothness=4, strong_convexity=1)
        assert theirs.rate == pytest.approx(ours.rate, abs=1e-5)


def test_weight_decay_goes_elsewhere_and_it_is_said():
    g = pk.guarantee(pk.rules.CoupledDecay(pk.GradientDescent(lr=0.05), 0.5), **BETWEEN)
    # gradient descent on f + 0.25 x^2, whose curvatures are from 1.5 to 25.5
    assert g.rate == pytest.approx(max(1 - 0.05 * 1.5, abs(1 - 0.05 * 25.5)), abs=1e-5)
    assert "fixed point" in g.words()[-1]


def test_a_wider_window_proves_more():
    """Where the heavy ball is best, one point proves .8678 and four prove what no rule of its curvatures beats."""
    step = pk.theory.step_map(pk.HeavyBall(lr=0.0785, momentum=0.41))
    found = best_certificate(step, 1.0, 25.0)
    assert found.conditions.window == 4
    assert found.rate == pytest.approx(quadratic_rate(step, 1.0, 25.0)[0], abs=1e-5)


def test_best_setting_under_the_guarantee():
    plain = pk.optimal("gradient_descent", [1.0, 9.0], over="convex")
    assert plain.settings["lr"] == pytest.approx(0.2, rel=1e-3)
    assert plain.rate == pytest.approx(0.8, abs=1e-4)
    assert plain.gradient_descent is None
    best = pk.optimal("triple_momentum", [1.0, 25.0], over="convex")
    # Van Scoy, Freeman & Lynch (2018): .8, and nothing of its family is better.
    assert 0.8 - 1e-5 < best.rate < 0.8 + 1e-3
    assert best.guarantee.certified
    assert best.closed_form.rate == pytest.approx(0.8)
    assert best.speedup == pytest.approx(math.log(best.rate) / math.log(24 / 26))
    assert "all functions with curvature 1 to 25" in str(best)


def test_curve_is_the_rates_of_its_settings_and_tells_how_far_it_is():
    rule, told = pk.HeavyBall(lr=0.05, momentum=0.6), []
    curve = guarantee_curve(
        rule, 25, 1, [0.01, 0.05, 0.12], progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    for lr, rate in zip([0.01, 0.05], curve.rate.values):
        exact = pk.guarantee(rule.replace(lr=lr), **BETWEEN).rate
        assert exact - 1e-6 <= rate <= exact + 2e-3 * (1 - exact)
    assert curve.rate.values[2] == math.inf
    plain = guarantee_curve(optax.sgd(0.04), 25, 1, [0.5, 1.0])
    np.testing.assert_allclose(plain.rate.values, [0.98, 0.96], atol=1e-4)
    assert plain.rate.dims == ("scale",)


def test_result_says_what_it_is(best_heavy_ball):
    g = pk.guarantee(pk.GradientDescent(lr=0.05), **BETWEEN)
    assert repr(g) == str(g)
    assert "gradient_descent(lr=0.05) on all functions with curvature 1 to 25: rate 0.95" in str(g)
    assert float(g.to_xarray().rate) == g.rate
    assert g.counterexample is None
    assert "it fails on cycle of 3" in str(best_heavy_ball)
    assert "curvatures" in best_heavy_ball.to_xarray().attrs["counterexample"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"smoothness": 1, "strong_convexity": 2}, ["strong_convexity is 2", "smoothness, 1"]),
        ({"smoothness": 1, "strong_convexity": 0}, ["strong_convexity is 0", "merely convex", "no rate"]),
        ({"smoothness": 1, "strong_convexity": -1}, ["strong_convexity is -1", "over 0"]),
        ({"smoothness": 0, "strong_convexity": 1}, ["smoothness is 0", "over 0"]),
        ({"smoothness": math.nan, "strong_convexity": 1}, ["smoothness is nan", "finite"]),
        ({"smoothness": math.inf, "strong_convexity": 1}, ["smoothness is inf", "finite"]),
        ({"smoothness": "25", "strong_convexity": 1}, ["smoothness is '25'", "finite number"]),
        ({"smoothness": 1e9, "strong_convexity": 1}, ["1e+09", "1e+06 at most"]),
    ],
)
def test_curvatures_that_are_none_are_refused(refused, given, words):
    with refused(*words):
        pk.guarantee(pk.GradientDescent(lr=0.1), **given)
    with refused(*words):
        guarantee_curve(pk.GradientDescent(lr=0.1), **given)


def test_rules_without_a_map_are_refused(refused, adaptive):
    with refused("not linear"):
        pk.guarantee(adaptive, **BETWEEN)


def test_other_rules_are_refused(refused):
    with refused("lr is a schedule"):
        pk.guarantee(pk.HeavyBall(lr=lambda step: 0.1 / (step + 1), momentum=0.5), **BETWEEN)
    with refused("not a rule"):
        pk.guarantee(3, **BETWEEN)
    with refused("mixes the entries"):
        pk.guarantee(pk.from_page(averaging, lr=0.1), **BETWEEN)
    with refused("unknown class of functions 'convx'", "'convex'"):
        pk.optimal("heavy_ball", [1, 2], over="convx")
    with refused("3 numbers", "two at most"):
        pk.optimal(pk.QuasiHyperbolic, [1, 2], over="convex")
    with refused("lr", "over 0"):
        guarantee_curve(pk.GradientDescent(lr=0.1), 25, 1, [-0.1])


def test_solver_that_fails_certifies_nothing(refused, monkeypatch):
    cp = semidefinite.solver()

    def fails(self, *_, **__):
        raise cp.error.SolverError("it gave up")

    monkeypatch.setattr(cp.Problem, "solve", fails)
    with refused("solver failed", "nothing is certified"):
        pk.guarantee(pk.GradientDescent(lr=0.05), **BETWEEN)
    assert math.isnan(guarantee_curve(pk.GradientDescent(lr=0.05), 25, 1, [0.05]).rate.values[0])


def test_solver_that_is_wrong_with_made_up_numbers_certifies_nothing(monkeypatch):
    """What the solver hands over is no proof: multipliers that it made up are not believed."""
    whole = semidefinite.mended

    def made_up(*given):
        return dataclasses.replace(whole(*given), P=np.eye(len(given[2])), p=0 * given[3])

    monkeypatch.setattr(semidefinite, "mended", made_up)
    assert best_certificate(StepMap(np.eye(1), np.array([-0.05])), 1.0, 25.0) is None


def test_missing_solver_is_named_with_its_extra(refused, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "clarabel" else real(name, *rest)
    )
    with refused("clarabel", "polyak[certify]"):
        pk.guarantee(pk.GradientDescent(lr=0.05), **BETWEEN)


def test_refusals_are_polyak_errors():
    assert issubclass(semidefinite.UnsolvedError, PolyakError)
