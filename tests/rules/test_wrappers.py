"""Wrappers: what they do to a gradient and a step, in which order, traced and on every library."""

import copy
import pickle

import jax
import numpy as np
import pytest
import torch

import polyak as pk
from polyak.rules import Clipped, CoupledDecay, DecoupledDecay, Scaled, Wrapper, as_rule
from polyak.rules.as_rule import Adapted
from polyak.rules.from_optax import FromOptax
from polyak.rules.schedules import Tabulated

X, G = np.array([4.0, -2.0, 0.5]), np.array([3.0, -0.2, -1.0])
LIBRARIES = {"numpy": np.asarray, "jax": jax.numpy.asarray, "torch": torch.tensor}


def one_step(rule, make=np.asarray):
    x, g = make(X), make(G)
    return np.asarray(rule.update(g, rule.init(x), x)[0])


PLAIN = pk.GradientDescent(lr=0.5)
BY_HAND = [
    (Scaled(PLAIN, 0.1), -0.5 * 0.1 * G),
    (Clipped(PLAIN, 0.4), -0.5 * np.clip(G, -0.4, 0.4)),
    (CoupledDecay(PLAIN, 0.1), -0.5 * (G + 0.1 * X)),
    (DecoupledDecay(PLAIN, 0.1), -0.5 * G - 0.1 * X),
    (Clipped(CoupledDecay(PLAIN, 0.1), 0.4), -0.5 * (np.clip(G, -0.4, 0.4) + 0.1 * X)),
    (CoupledDecay(Clipped(PLAIN, 0.4), 0.1), -0.5 * np.clip(G + 0.1 * X, -0.4, 0.4)),
    (Scaled(Clipped(DecoupledDecay(PLAIN, 0.1), 0.4), 2.0), -0.5 * np.clip(2 * G, -0.4, 0.4) - 0.1 * X),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("rule", "expected"), BY_HAND, ids=lambda value: str(value)[:60])
def test_step_by_hand(rule, expected, library, x64):
    np.testing.assert_allclose(one_step(rule, LIBRARIES[library]), expected, rtol=1e-15)


def test_coupled_decay_of_adam_is_adams_own():
    ours = CoupledDecay(pk.Adam(lr=0.1), 0.2)
    own = pk.Adam(lr=0.1, weight_decay=0.2)
    problem = pk.linear_regression(pk.data.diabetes())
    found, expected = (pk.train(rule, problem, dtype="float64") for rule in (ours, own))
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-12)


def test_decoupled_decay_of_the_rate_times_strength_is_adamw():
    ours = DecoupledDecay(pk.Adam(lr=0.1), 0.1 * 0.2)
    problem = pk.linear_regression(pk.data.diabetes())
    found, expected = (
        pk.train(rule, problem, dtype="float64") for rule in (ours, pk.AdamW(lr=0.1, weight_decay=0.2))
    )
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-12)


def test_amounts_are_traced_and_differentiated():
    def end(amount):
        rule = CoupledDecay(pk.HeavyBall(lr=0.1, momentum=0.5), amount)
        return rule.update(G, rule.init(X), X)[0].sum()

    slope = jax.grad(end)(0.3)
    np.testing.assert_allclose(slope, -0.1 * X.sum(), rtol=1e-6)
    doubled = jax.tree.map(lambda leaf: 2 * leaf, Scaled(PLAIN, 0.1))
    assert doubled.amount == 0.2
    assert doubled.rule.lr == 1.0


def test_it_is_a_rule_with_settings():
    rule = CoupledDecay(Clipped(pk.HeavyBall(lr=0.1, momentum=0.5), 0.4), 0.2)
    assert as_rule(rule) is rule
    assert rule.name() == "heavy_ball"
    assert rule.settings() == {
        "lr": 0.1,
        "momentum": 0.5,
        "lr_in_velocity": True,
        "clip": 0.4,
        "weight_decay": 0.2,
    }
    changed = rule.replace(lr=0.3, weight_decay=0.0)
    assert (changed.amount, changed.rule.amount, changed.rule.rule.lr) == (0.0, 0.4, 0.3)
    assert "weight_decay=0.2" in str(rule)


def test_schedules_inside_are_tabulated():
    halving = pk.HeavyBall(lr=lambda step: 0.5**step, momentum=0.5)
    found = pk.descend(CoupledDecay(halving, 0.0), "ravine", 5)
    np.testing.assert_array_equal(found.positions, pk.descend(halving, "ravine", 5).positions)


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf"), "much", None, True])
def test_amount_that_is_no_such_number_is_refused(amount, refused):
    with refused("heavy_ball: weight_decay is", "expected a number in [0, inf)"):
        CoupledDecay(pk.HeavyBall(lr=0.1, momentum=0.5), amount)


def test_parameters_are_needed(refused):
    rule = CoupledDecay(PLAIN, 0.1)
    with refused("weight_decay needs the parameters"):
        rule.update(G, rule.init(X))


def defined_now(amount):
    """Wrappers whose classes are defined when others have long been made."""

    class Rounded(Wrapper):
        """Its gradient in steps of a number."""

        setting = "grain"

        def gradient(self, g, x):
            return self.amount * jax.numpy.round(g / self.amount)

    class OnlyDown(Clipped):
        """Of a wrapper, with a choice of its own."""

        def __init__(self, rule, amount, floor=0.0):
            super().__init__(rule, amount)
            self.floor = floor

        def gradient(self, g, x):
            return jax.numpy.maximum(super().gradient(g, x), self.floor)

    return Rounded(PLAIN, amount), OnlyDown(PLAIN, amount, floor=0.1)


def test_a_wrapper_of_ones_own_whenever_it_is_defined():
    Clipped(PLAIN, 1.0)
    rounded, down = defined_now(0.4)
    found = pk.descend(rounded, "ravine", 3)
    x = np.array([-5.0, -2.0])
    for position in found.positions[1:]:
        g = np.array([0.2, 4.0]) * x
        x = x - 0.5 * 0.4 * np.round(g / 0.4)
        np.testing.assert_allclose(position, x, rtol=1e-12)
    np.testing.assert_allclose(one_step(down), -0.5 * np.array([0.4, 0.1, 0.1]), rtol=1e-6)
    jitted = jax.jit(lambda rule, g: rule.update(g, rule.init(g), g)[0])
    np.testing.assert_allclose(jitted(down, jax.numpy.asarray(G)), one_step(down), rtol=1e-6)


def test_what_a_wrapper_of_ones_own_holds_goes_with_its_copies():
    _, down = defined_now(0.4)
    doubled = jax.tree.map(lambda leaf: 2 * leaf, down)
    assert (doubled.amount, doubled.floor, doubled.rule.lr) == (0.8, 0.1, 1.0)
    changed = down.replace(clip=0.2, lr=3.0)
    assert (type(changed), changed.amount, changed.floor, changed.rule.lr) == (type(down), 0.2, 0.1, 3.0)
    assert (down.amount, down.rule.lr) == (0.4, 0.5)
    other = copy.deepcopy(down)
    assert (other.amount, other.floor) == (0.4, 0.1)


class Marked(Clipped):
    """For a pickle, which goes by a class's name."""


@pytest.mark.parametrize("made", [lambda: Marked(PLAIN, 0.4), lambda: Marked(Marked(PLAIN, 1.0), 2.0)])
def test_a_pickle_of_ones_own(made):
    rule = pickle.loads(pickle.dumps(made()))
    assert type(rule) is Marked
    np.testing.assert_array_equal(one_step(rule), one_step(made()))
    assert len(jax.tree.leaves(rule)) == len(jax.tree.leaves(made()))


def test_subclasses_of_the_other_rules_around_rules():
    class Halving(Tabulated):
        pass

    class Named(FromOptax):
        pass

    class Other(Adapted):
        pass

    import optax

    assert jax.tree.leaves(Halving(np.arange(3.0)))[0].shape == (3,)
    assert jax.tree.leaves(Named(optax.sgd, {"learning_rate": 0.5})) == [0.5]
    assert jax.tree.leaves(Other(optax.sgd(0.1))) == []
    assert type(jax.tree.map(lambda leaf: leaf, Named(optax.sgd, {"learning_rate": 0.5}))) is Named
