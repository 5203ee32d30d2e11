"""The trade between rate and floor, and when to drop the learning rate: each held against the expectation itself."""

from __future__ import annotations

import math

import numpy as np
import optax
import pytest

import polyak as pk

RULE = pk.HeavyBall(lr=0.05, momentum=0.6)


def test_each_point_is_its_own_stability_and_expectation(small_problem):
    trade = pk.tradeoff(RULE, small_problem, batch_size=4, lrs=[0.01, 0.05, 0.2])
    for k, lr in enumerate(trade.lrs):
        rule = RULE.replace(lr=lr)
        e = pk.expected_loss(rule, small_problem, batch_size=4, steps=2000)
        assert trade.floors[k] == pytest.approx(e.floor, rel=1e-12)
        assert trade.rates[k] == pytest.approx(pk.stability(rule, small_problem).rate, rel=1e-6)
        above = np.flatnonzero(e.deterministic > e.floor - e.least)
        assert trade.steps_to_floor[k] == above[-1] + 1 > 1


def test_a_ripple_above_the_noise_counts(small_problem):
    """The part is down at the noise, comes up again, and only then stays: it is the last time that counts."""
    rule = pk.HeavyBall(lr=0.02, momentum=0.95)
    trade = pk.tradeoff(rule, small_problem, batch_size=4, lrs=[0.02, 0.05, 0.1])
    for k, lr in enumerate(trade.lrs):
        e = pk.expected_loss(rule.replace(lr=lr), small_problem, batch_size=4, steps=2000)
        down = e.deterministic <= e.floor - e.least
        stays = np.flatnonzero(~down)[-1] + 1
        assert np.flatnonzero(down)[0] < stays  # a ripple there is
        assert trade.steps_to_floor[k] == stays


@pytest.mark.parametrize(
    "rule",
    [
        pk.rules.CoupledDecay(RULE, 1.5),
        pk.rules.DecoupledDecay(RULE, 1e-6),
        pk.rules.Scaled(pk.rules.CoupledDecay(RULE, 1e-8), 0.5),
    ],
)
@pytest.mark.parametrize("ask", [pk.tradeoff, pk.expected_loss, pk.lr_drop])
def test_weight_decay_pulls_away_from_the_optimum_of_the_data(ask, rule, small_problem, refused):
    with refused("decays the parameters", "not known here"):
        ask(rule, small_problem, batch_size=4)


def test_by_default_up_to_the_edge(small_problem):
    trade = pk.tradeoff(RULE, small_problem, batch_size=4)
    assert len(trade.lrs) == 40
    assert trade.lrs[-1] == pytest.approx(0.98 * pk.stability(RULE, small_problem).max_lr, rel=1e-6)
    finite = np.isfinite(trade.floors)
    assert finite[0]
    assert (np.diff(trade.floors[finite]) > 0).all()
    assert trade.floors[~finite].tolist() == [math.inf] * int((~finite).sum())
    assert (trade.rates < 1).all()


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        pk.HeavyBall(lr=0.05, momentum=0.6, lr_in_velocity=False),
        pk.from_optax(optax.sgd, learning_rate=0.05, momentum=0.6),
    ],
    ids=str,
)
def test_every_drop_ends_where_its_schedule_ends(rule, small_problem):
    name = "learning_rate" if "optax" in str(rule) else "lr"
    found = pk.lr_drop(rule, small_problem, factor=0.2, batch_size=4, steps=60)
    assert found.losses.shape == (61,)
    for k in (0, 1, 25, 59, 60):
        dropped = rule.replace(**{name: lambda step, k=k: np.where(step < k, 0.05, 0.01).item()})
        if name == "learning_rate":
            dropped = rule.replace(learning_rate=optax.piecewise_constant_schedule(0.05, {k: 0.2}))
            if k == 0:  # Optax's schedule drops after its boundary, not at it
                continue
            dropped = rule.replace(learning_rate=optax.join_schedules([lambda _: 0.05, lambda _: 0.01], [k]))
        end = pk.expected_loss(dropped, small_problem, batch_size=4, steps=60).mean[-1]
        assert found.losses[k] == pytest.approx(end, rel=1e-12)
    assert found.best == found.losses.argmin()


def test_a_drop_that_comes_too_late_ends_at_inf_and_is_not_the_best(small_problem):
    found = pk.lr_drop(RULE.replace(lr=40.0), small_problem, factor=0.001, batch_size=4, steps=300)
    assert found.best == 0  # dropped at once it shrinks
    assert np.isfinite(found.losses[0])
    assert found.losses[-1] == math.inf
    assert not np.isnan(found.losses).any()
    lost = pk.lr_drop(RULE.replace(lr=40.0), small_problem, factor=0.9, batch_size=4, steps=300)
    assert "grows without end" in str(lost)


def test_bad_input_is_one_line(small_problem, refused):
    with refused("factor is 2"):
        pk.lr_drop(RULE, small_problem, factor=2)
    with refused("lr is a schedule"):
        pk.lr_drop(pk.HeavyBall(lr=lambda step: 0.1, momentum=0.5), small_problem)
    with refused("shows no learning rate"):
        pk.tradeoff(optax.sgd(0.1, 0.5), small_problem)
    with refused("finite numbers over 0"):
        pk.tradeoff(RULE, small_problem, lrs=[0.0])
    with refused("not linear"):
        pk.tradeoff(pk.Adam(lr=0.1), small_problem)
