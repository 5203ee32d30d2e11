"""Adaptive rules while their preconditioner stays: against closed forms, and against the rule itself, run."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory import held as held_module
from polyak.theory.held import adaptive, held, undecayed
from polyak.theory.stable_sets import stable_curvatures
from polyak.theory.state_space import update_compiled

FED = ("mean", "velocity")  # the slots that the gradient turns
LR, STEPS = 0.003, 30
SIZES = np.array([1.0, 2.0, 0.1, 0.01])
GRADIENTS = SIZES * np.random.default_rng(1).normal(size=(STEPS, 4))
AVERAGED = 0.999 ** np.arange(STEPS)[::-1, None] * 0.001 * GRADIENTS**2
D_OF_ADAM = (1 - 0.9**STEPS) * (np.sqrt(AVERAGED.sum(0) / (1 - 0.999**STEPS)) + 1e-8)

RULES = {
    # rule: (what a gradient of 1 moves x by in the end, by the literature's formula; the edge times that)
    "adam": (pk.Adam(lr=LR), LR / D_OF_ADAM, 3.8 / 0.1),
    "optax_adam": (pk.from_optax(optax.adam, learning_rate=LR), LR / D_OF_ADAM, 3.8 / 0.1),
    "adamw": (pk.AdamW(lr=LR, weight_decay=0.1), LR / D_OF_ADAM, (2 - LR * 0.1) * 1.9 / 0.1),
    "adagrad": (pk.Adagrad(lr=LR), LR / (np.sqrt((GRADIENTS**2).sum(0)) + 1e-10), 2.0),
    "rmsprop": (
        pk.RMSProp(lr=LR, decay=0.999, momentum=0.5),
        LR / 0.5 / (np.sqrt(AVERAGED.sum(0)) + 1e-8),
        3.0 / 0.5,
    ),
    "rmsprop_centered": (
        pk.RMSProp(lr=LR, decay=0.999, centered=True),
        LR
        / (
            np.sqrt(AVERAGED.sum(0) - (0.001 * 0.999 ** np.arange(STEPS)[::-1, None] * GRADIENTS).sum(0) ** 2)
            + 1e-8
        ),
        2.0,
    ),
}


def run(rule: Any, gradients: np.ndarray) -> Any:
    """The state of a rule after these gradients."""
    with jax.enable_x64(True):
        state = jax.tree.map(jnp.asarray, rule.init(jnp.zeros(gradients.shape[1])))
        for g in gradients:
            _, state = update_compiled(rule, jnp.asarray(g), state, jnp.zeros(len(g)))
    return state


@pytest.mark.parametrize("name", RULES)
def test_preconditioner_and_edge_are_those_of_the_literature(name):
    rule, gains, edge = RULES[name]
    found = adaptive(rule)
    there = held(found, run(found.examination.rule, GRADIENTS))
    np.testing.assert_allclose(there.gains, gains, rtol=1e-9)
    ((low, high),) = stable_curvatures(there.step)
    assert low == 0
    assert high == pytest.approx(edge, rel=1e-9)


def test_nadam_of_constant_momentum_is_nesterovs_edge():
    """The averaged gradient with the look-ahead: (2 + 2 b)/((1 + 2 b)(1 - b)) once its start is forgotten."""
    found = adaptive(pk.NAdam(lr=LR, beta1=0.5, momentum_schedule="constant"))
    there = held(found, run(found.examination.rule, np.ones((60, 2))))
    assert stable_curvatures(there.step)[0][1] == pytest.approx(3 / (2 * 0.5), rel=1e-9)


@pytest.mark.parametrize(("name", "left"), [("adam", 0.999), ("rmsprop", 0.999), ("adagrad", 1.0)])
def test_the_rule_itself_shrinks_below_the_edge_and_grows_above_it(name, left):
    """The rule run, its squares and its clock put back by hand before every step, on curvatures of one a = p lambda."""
    rule, gains, edge = RULES[name]
    x, state = np.zeros(4), rule.init(np.zeros(4))
    for g in GRADIENTS:
        _, state = rule.update(g, state, x)
    back = {"squares": state.slots["squares"] / left, "t": STEPS - 1.0}
    back = {slot: value for slot, value in back.items() if slot in state.slots}
    for share, grows in ((0.998, False), (1.002, True)):
        x, sizes = np.full(4, 1e-100), []
        slots = {**state.slots, **{slot: np.zeros(4) for slot in FED if slot in state.slots}}
        for _ in range(3000):
            step, slots = rule.step(share * edge / gains * x, {**slots, **back}, x)
            x = x + step
            sizes.append(np.abs(x))
        assert ((np.max(sizes[-100:], 0) > np.max(sizes[1000:1100], 0)) == grows).all()


def test_many_entries_are_looked_at_in_pieces(monkeypatch):
    found = adaptive(pk.Adam(lr=LR))
    state = run(found.examination.rule, np.random.default_rng(2).normal(size=(3, 150)))
    whole = held(found, state)
    monkeypatch.setattr(held_module, "TOGETHER", 64)
    pieces = held(found, state)
    np.testing.assert_allclose(pieces.gains, whole.gains, rtol=1e-12)
    assert pieces.gains.shape == (150,)


def test_a_decay_through_the_gradient_adds_to_the_curvature():
    quadratic = pk.landscapes.quadratic([0.5, 3.0])
    bare = pk.stability(pk.Adam(lr=0.01), pk.landscapes.quadratic([0.7, 3.2]), at=40)
    decayed = pk.stability(pk.Adam(lr=0.01, weight_decay=0.2), quadratic, at=40)
    # The minimiser is 0 on both, so that the decay's pull and the curvature's are one.
    np.testing.assert_allclose(decayed.curvatures, bare.curvatures, rtol=1e-9)
    assert undecayed(pk.rules.CoupledDecay(pk.Adam(lr=0.01), 0.2))[1] == 0.2


def test_stability_of_adam_on_a_trace_is_said_of_the_preconditioned_hessian():
    trace = pk.descend(pk.Adam(lr=0.1), "ravine", 50)
    found = pk.stability(pk.Adam(lr=0.1), trace)
    g = pk.landscapes.ravine.gradient(trace.positions[:50])
    s = (0.001 * 0.999 ** np.arange(50)[::-1, None] * g**2).sum(0) / (1 - 0.999**50)
    D = (1 - 0.9**50) * (np.sqrt(s) + 1e-8)
    np.testing.assert_allclose(found.preconditioner, D, rtol=1e-9)
    np.testing.assert_allclose(found.curvatures, np.sort([0.2, 4.0] / D), rtol=1e-9)
    assert found.max_curvature == pytest.approx(38 / 0.1, rel=1e-9)
    assert found.max_lr == pytest.approx(38 / found.curvatures.max(), rel=1e-9)
    assert "while the preconditioner stays" in str(found)
    assert found.to_xarray().attrs["true_of"] == "quadratics, while the preconditioner stays"
    earlier = pk.stability(pk.Adam(lr=0.1), trace, at=10)
    assert earlier.curvatures.max() != pytest.approx(found.curvatures.max(), rel=1e-3)


def test_a_schedule_stands_at_the_step_that_comes():
    rule = pk.Adam(lr=lambda step: 0.1 / (1 + step))
    found = pk.stability(rule, "ravine", at=9)
    assert found.max_curvature == pytest.approx(38 / 0.01, rel=1e-9)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (pk.Lion(lr=0.1), "steps of a fixed length"),
        (pk.Signum(lr=0.1, momentum=0.9), "steps of a fixed length"),
        (pk.Adam(lr=0.1, beta2=0.0), "nor is it while its preconditioner stays"),
        (optax.chain(optax.clip(1.0), optax.adam(0.1)), "nor is it while its preconditioner stays"),
        (optax.contrib.muon(0.1), "mixes the entries"),
    ],
    ids=["lion", "signum", "no_memory", "clipped", "muon"],
)
def test_what_has_no_edge_is_refused(rule, words, refused):
    with refused(words):
        pk.stability(rule, "ravine", at=10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"on": "ravine"}, ["after how many steps", "at=100"]),
        ({"on": "ravine", "at": 0}, ["at is 0"]),
        ({"on": [1.0, 2.0]}, ["adam is not linear in the gradient"]),
    ],
)
def test_a_state_must_be_given(arguments, words, refused):
    with refused(*words):
        pk.stability(pk.Adam(lr=0.1), **arguments)


def test_a_trace_that_is_not_finite_is_refused(refused):
    trace = pk.descend(pk.GradientDescent(lr=1e200), "ravine", 5)
    with refused("not finite after 5 steps"):
        pk.stability(pk.Adam(lr=0.1), trace)
