"""The impulse response, against the linear family's table and against the chapter's arithmetic."""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.rules import CATALOGUE, LinearRule

NUMBERS = {"lr": 0.4, "momentum": 0.6, "rate": 0.7, "dampening": 0.3, "nu": 0.6}


LINEAR = [cls for cls in CATALOGUE.ours().values() if issubclass(cls, LinearRule)]


@pytest.mark.parametrize("cls", LINEAR, ids=lambda cls: cls.name())
def test_the_response_is_that_of_the_rules_row(cls):
    rule = cls.from_settings(**{name: NUMBERS[name] for name in cls.hyperparameters()})
    m, c, p, q = rule.coefficients()
    expected = p * c * m ** np.arange(30)
    expected[0] += q
    found = pk.response(rule, steps=30)
    np.testing.assert_allclose(found.weights, expected, rtol=1e-12, atol=1e-15)
    assert found.gain == pytest.approx(q + p * c / (1 - m), rel=1e-12)
    assert found.fade == pytest.approx(m, abs=1e-15)
    assert found.linear


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.95, 0.99])
def test_momentum_is_an_average_over_its_memory(momentum):
    r = pk.response(pk.HeavyBall(lr=0.3, momentum=momentum))
    assert r.gain == pytest.approx(0.3 / (1 - momentum), rel=1e-12)
    assert r.memory == pytest.approx(1 / (1 - momentum), rel=1e-12)
    np.testing.assert_allclose(
        r.averaging, (1 - momentum) * momentum ** np.arange(len(r.weights)), rtol=1e-12, atol=1e-14
    )
    assert r.held == pytest.approx(1 - momentum**r.whole_memory, rel=1e-12)
    assert r.remaining == pytest.approx(momentum**r.memory, rel=1e-12)
    if momentum:
        assert momentum**r.half_life == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("rest", [1e-3, 1e-4, 1e-6, 1e-9, 1e-12, 1e-15])
def test_a_memory_longer_than_what_is_shown_is_held_exactly(rest):
    """1 - m^n for the momentum m that the float holds, in 60 digits."""
    momentum = 1 - rest
    r = pk.response(pk.HeavyBall(lr=0.1, momentum=momentum))
    with localcontext(Context(prec=60)):
        m, n = Decimal(momentum), r.whole_memory
        held, half_life = 1 - m**n, Decimal("0.5").ln() / m.ln()
        memory, left = 1 / (1 - m), m ** (1 / (1 - m))
    assert r.held == pytest.approx(float(held), rel=1e-12)
    assert r.remaining == pytest.approx(float(left), rel=1e-12)
    assert r.half_life == pytest.approx(float(half_life), rel=1e-12)
    assert r.memory == pytest.approx(float(memory), rel=1e-12)
    assert r.gain == pytest.approx(0.1 * float(memory), rel=1e-11)
    assert r.to_xarray().attrs["held"] == r.held


def chained(params, states, hyperparams):
    for p, (v, w) in zip(params, states):
        v[:] = hyperparams["a"] * v + hyperparams["lr"] * p.grad
        w[:] = hyperparams["b"] * w + v
        p[:] -= w


def test_of_two_chained_slots_what_is_held_is_summed_from_both(refused):
    """w_k is the convolution of a^k and b^k: (a^(k+1) - b^(k+1))/(a - b), summed in 60 digits."""
    a, b = 1 - 1e-6, 0.9
    r = pk.response(pk.from_page(chained, a=a, b=b, lr=0.1))
    with localcontext(Context(prec=60)):
        A, B, n = Decimal(a), Decimal(b), r.whole_memory
        of = [x * (1 - x**n) / (1 - x) for x in (A, B)]
        whole = [x / (1 - x) for x in (A, B)]
        held = (of[0] - of[1]) / (whole[0] - whole[1])
    assert r.held == pytest.approx(float(held), rel=1e-8)
    with refused("chained", "too near 1", "rounding"):
        pk.response(pk.from_page(chained, a=1 - 1e-11, b=b, lr=0.1))


def test_a_gradient_used_at_once_is_held_too():
    """Quasi-hyperbolic: 1 - nu of a gradient at once, the rest over the memory."""
    m = 1 - 1e-6
    r = pk.response(pk.QuasiHyperbolic(lr=0.1, momentum=m, nu=0.5))
    assert r.held == pytest.approx(1 - 0.5 * m**r.whole_memory, rel=1e-9)


def test_the_finite_truth_beside_the_rule_of_thumb():
    # 0.95^20 is 0.3585, 1/e is 0.3679: a fortieth less.
    r = pk.response(pk.HeavyBall(lr=1.0, momentum=0.95))
    assert r.remaining == pytest.approx(0.95**20, rel=1e-12)
    assert r.remaining / pk.theory.RULE_OF_THUMB == pytest.approx(0.9745, abs=1e-4)
    assert pytest.approx(math.exp(-1)) == pk.theory.RULE_OF_THUMB


def test_the_gain_counts_what_is_not_shown():
    r = pk.response(pk.HeavyBall(lr=1.0, momentum=0.999), steps=5)
    assert len(r.weights) == 5
    assert r.gain == pytest.approx(1000, rel=1e-9)


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (pk.HeavyBall(lr=0.4, momentum=0.6), True),
        (pk.HeavyBall(lr=0.4, momentum=0.6, lr_in_velocity=False), False),
        (pk.Nesterov(lr=0.4, momentum=0.6), True),
        (pk.Nesterov(lr=0.4, momentum=0.6, lr_in_velocity=False), False),
        (pk.AveragedGradient(lr=0.4, momentum=0.6), False),
        (pk.TripleMomentum(lr=0.4, rate=0.6), True),
        (pk.from_optax(optax.sgd, learning_rate=0.4, momentum=0.6), False),
        (pk.Adam(lr=0.4), False),
        (pk.GradientDescent(lr=0.4), None),
    ],
    ids=str,
)
def test_whether_a_slot_holds_the_learning_rate_is_found_by_scaling_it(rule, holds):
    r = pk.response(rule)
    assert r.lr in {"lr", "learning_rate"}
    assert r.holds_lr is holds


def test_the_learning_rate_is_found_whatever_its_name():
    def renamed(params, states, hyperparams):
        for p, v in zip(params, states):
            v[:] = hyperparams["gamma"] * v + p.grad
            p[:] -= hyperparams["how_far"] * v

    r = pk.response(pk.from_page(renamed, gamma=0.5, how_far=0.3))
    assert (r.lr, r.holds_lr) == ("how_far", False)
    assert pk.response(optax.sgd(0.3, 0.5)).lr is None


def test_an_optax_object_shows_no_learning_rate_but_a_response():
    r = pk.response(optax.sgd(0.3, 0.5))
    np.testing.assert_allclose(r.weights[:4], [0.3, 0.15, 0.075, 0.0375], rtol=1e-12)


def test_under_a_schedule_the_response_is_that_of_the_step_asked_for():
    def lr(step):
        return 0.1 * 0.5**step

    inside, outside = (pk.HeavyBall(lr=lr, momentum=0.5, lr_in_velocity=where) for where in (True, False))
    # Inside, the step's own learning rate goes along; outside, that of each step to come is taken.
    np.testing.assert_allclose(
        pk.response(inside, at=2, steps=3).weights, 0.025 * 0.5 ** np.arange(3), rtol=1e-12
    )
    np.testing.assert_allclose(
        pk.response(outside, at=2, steps=3).weights, 0.025 * 0.25 ** np.arange(3), rtol=1e-12
    )
    assert pk.response(inside, at=2, steps=3).gain == pytest.approx(0.05, rel=1e-12)


def test_a_rule_that_is_not_linear_is_recognised_and_answered(adaptive):
    r = pk.response(adaptive, steps=20)
    assert not r.linear
    assert "from rest" in r.operating_point
    assert len(r.weights) == 20
    assert np.isfinite(r.weights).all()


def test_the_weights_of_a_rule_that_is_not_linear_are_what_it_does():
    rule, x, weights = pk.Adam(lr=0.1), np.zeros(1), []
    state = rule.init(x)
    for g in (1.0, 0.0, 0.0):
        step, state = rule.update(np.array([g]), state, x)
        weights.append(-float(step[0]))
    np.testing.assert_allclose(pk.response(rule, steps=3).weights, weights, rtol=1e-12)


def test_the_operating_point_matters_where_a_rule_is_not_linear():
    rest = pk.response(pk.Adam(lr=0.1), steps=5)
    steady = pk.response(pk.Adam(lr=0.1), steps=5, at=500, gradient=1.0)
    assert "steady gradient of 1" in steady.operating_point
    assert steady.weights[0] < rest.weights[0] / 5  # a tenth of one among many
    # A sign does not change for one gradient more of the same sign.
    assert pk.response(pk.Signum(lr=0.1, momentum=0.5), at=9, gradient=1.0).weights.any() == False  # noqa: E712


def test_a_sign_never_forgets():
    r = pk.response(pk.Signum(lr=0.1, momentum=0.5))
    assert r.memory == math.inf
    assert r.gain == math.inf
    assert np.isnan(r.averaging).all()


def test_clipping_is_not_linear_though_small_gradients_do_not_tell():
    assert not pk.response(optax.chain(optax.clip(10.0), optax.sgd(0.1))).linear


def test_weight_decay_takes_all_of_it_back():
    r = pk.response(optax.chain(optax.add_decayed_weights(0.1), optax.sgd(0.1, 0.5)))
    assert r.linear
    assert r.gain == pytest.approx(0, abs=1e-12)
    assert np.isnan(r.held)


def test_the_pages_respond_as_heavy_ball_does(pages, untraceable):
    expected = pk.response(pk.HeavyBall(lr=0.4, momentum=0.6), steps=12)
    for rule in (*pages.values(), untraceable):
        found = pk.response(rule, steps=12)
        np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-12)
        assert (found.gain, found.memory) == pytest.approx((expected.gain, expected.memory), rel=1e-12)
        assert (found.lr, found.holds_lr, found.linear) == ("lr", True, True)


def test_bad_input_is_one_line(refused):
    with refused("steps is 0"):
        pk.response(pk.HeavyBall(lr=0.1, momentum=0.5), steps=0)
    with refused("at is -1"):
        pk.response(pk.HeavyBall(lr=0.1, momentum=0.5), at=-1)
    with refused("gradient is nan"):
        pk.response(pk.Adam(lr=0.1), gradient=math.nan)
    with refused("without settings"):
        pk.response(pk.HeavyBall)
    with refused("never fades", "momentum of 1"):
        pk.response(optax.sgd(0.1, 1.0))
    with refused("brings its own gradient"):
        pk.response(pk.from_plane(lambda x1, x2, s1, s2: (0.9 * x1, 0.9 * x2, s1, s2)))
    with refused("cannot be run on one number"):
        pk.response(optax.multi_transform({"a": optax.sgd(0.1)}, {"w": "a"}))


def test_as_xarray_the_steps_are_those_of_training():
    data = pk.response(pk.HeavyBall(lr=0.5, momentum=0.5), steps=4, at=3).to_xarray()
    assert data.step.values.tolist() == [3, 4, 5, 6]
    assert data.attrs["gain"] == pytest.approx(1.0)
