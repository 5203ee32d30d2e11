"""Rules that move an array otherwise than its entries alone: found by test, and refused wherever a claim is made."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest
from array_api_compat import array_namespace

import polyak as pk
from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import Scalar, lr, momentum
from polyak.theory.examination import Examination


class MuonLike(Rule, listed=False):
    """A gradient of two axes is orthogonalised by Newton and Schulz; any other is heavy ball's."""

    formula = r"v \leftarrow \gamma v + \eta\, \mathrm{orth}(g) \\ x \leftarrow x - v"
    source = "Jordan et al. (2024), Muon."
    lr: Scalar = lr()
    momentum: Scalar = momentum()

    def slots(self, x: Array) -> Slots:
        return {"velocity": array_namespace(x).zeros_like(x)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        v = self.momentum * slots["velocity"] + self.lr * (self._orthogonal(g) if g.ndim == 2 else g)
        return -v, {"velocity": v}

    def _orthogonal(self, g: Array) -> Array:
        xp = array_namespace(g)
        g = g / xp.sqrt(xp.sum(g * g) + 1e-30)
        for _ in range(3):
            g = 1.5 * g - 0.5 * g @ g.T @ g
        return g


class Centred(MuonLike, listed=False):
    """Linear, but of a matrix the mean of each row is taken out: the entries are mixed."""

    def _orthogonal(self, g: Array) -> Array:
        return g - array_namespace(g).mean(g, axis=1, keepdims=True)


class WiderSlower(MuonLike, listed=False):
    """Linear, entry by entry, and slower on matrices: one number's step is not a matrix's."""

    def _orthogonal(self, g: Array) -> Array:
        return 0.5 * g


class SpreadKernel(MuonLike, listed=False):
    """Heavy ball, but for arrays of four axes, a convolution's, which it flips."""

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        return super().step(array_namespace(g).flip(g, axis=3) if g.ndim == 4 else g[...], slots, x)

    def _orthogonal(self, g: Array) -> Array:
        return g


class LargeOnly(SpreadKernel, listed=False):
    """Heavy ball, but for what has more than 4,096 entries, of which it sees signs."""

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        xp = array_namespace(g)
        return heavy_balls_step(self, xp.sign(g) if g.size > 4096 else g, slots)


def heavy_balls_step(rule: MuonLike, g: Array, slots: Slots) -> tuple[Array, Slots]:
    v = rule.momentum * slots["velocity"] + rule.lr * g
    return -v, {"velocity": v}


MIXING = {MuonLike: "a matrix", Centred: "a matrix", WiderSlower: "a matrix"}
MIXING |= {SpreadKernel: "an array of four axes", LargeOnly: "a large matrix"}


def claims(rule: Any, problem: Any) -> dict[str, Any]:
    """Everything that theory says of any rule."""
    return {
        "stability": lambda: pk.stability(rule, [0.2, 4.0]),
        "response": lambda: pk.response(rule),
        "optimal": lambda: pk.optimal(rule, [1.0, 9.0]),
        "phase": lambda: pk.theory.phase_diagram(rule, lr_curvature=[1.0], values=[0.5]),
        "expected_loss": lambda: pk.expected_loss(rule, problem, steps=2),
        "tradeoff": lambda: pk.tradeoff(rule, problem, lrs=[0.01]),
        "lr_drop": lambda: pk.lr_drop(rule, problem, steps=4),
        "step_map": lambda: pk.theory.step_map(rule),
        "rates": lambda: pk.theory.rates_by_condition_number(rule, [4.0]),
    }


@pytest.mark.parametrize("cls", MIXING, ids=lambda cls: cls.__name__)
def test_a_rule_that_is_heavy_ball_on_vectors_alone_has_no_theory(cls, small_problem, refused):
    rule = cls(lr=0.1, momentum=0.5)
    for ask in claims(rule, small_problem).values():
        with refused(rule.name(), f"mixes the entries of {MIXING[cls]}"):
            ask()


def test_on_a_vector_it_goes_with_heavy_ball_to_the_digit():
    """So that nothing but a matrix could have told."""
    paths = [
        pk.descend(rule(lr=0.4, momentum=0.5), "ravine", 20).positions for rule in (MuonLike, pk.HeavyBall)
    ]
    np.testing.assert_array_equal(*paths)


def test_a_network_of_matrices_has_no_heavy_balls_stability(refused):
    digits = pk.data.digits()
    with refused("mixes the entries of a matrix"):
        pk.stability(MuonLike(lr=0.1, momentum=0.5), pk.softmax_regression(digits))


@pytest.mark.parametrize(
    ("rule", "of"),
    [
        (optax.chain(optax.centralize(), optax.sgd(0.1)), "a matrix"),
        (pk.from_optax(optax.contrib.muon, learning_rate=0.1), "a matrix"),
        (optax.lamb(0.1), "an array"),
        (optax.sm3(0.1), "a matrix"),
        (optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1)), "an array"),
        (
            optax.masked(optax.sgd(0.1), lambda tree: jnp.ndim(tree) > 1),
            "a matrix",
        ),
    ],
    ids=["centred", "muon", "lamb", "sm3", "norm-clipped", "matrices-alone"],
)
def test_what_optax_has_that_mixes(rule, of, refused):
    with refused(f"mixes the entries of {of}"):
        pk.response(rule)


def test_a_wrapper_mixes_as_what_it_wraps(refused):
    from polyak.rules import Clipped, CoupledDecay

    for wrapped in (
        CoupledDecay(MuonLike(lr=0.1, momentum=0.5), 0.1),
        Clipped(MuonLike(lr=0.1, momentum=0.5), 1.0),
    ):
        with refused("mixes the entries of a matrix"):
            pk.response(wrapped)
    assert Examination(CoupledDecay(pk.HeavyBall(lr=0.1, momentum=0.5), 0.1)).mixed is None


def centring(params, states, hyperparams):
    for p, v in zip(params, states):
        g = p.grad - p.grad.mean(axis=0) if len(p.shape) > 1 else p.grad
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * g
        p[:] -= v


def looking_and_centring(params, states, hyperparams):
    for p, v in zip(params, states):
        g = p.grad - p.grad.mean(axis=0) if len(p.shape) > 1 else p.grad
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * g
        if float(hyperparams["lr"]) >= 0:
            p[:] -= v * float(p.grad.sum() * 0 + 1)


def test_a_page_that_mixes_a_matrix(refused):
    with refused("mixes the entries of a matrix"):
        pk.stability(pk.from_page(centring, lr=0.4, momentum=0.6), [1.0])
    with pytest.warns(UserWarning, match="step by step"), refused("mixes the entries of a matrix"):
        pk.stability(pk.from_page(looking_and_centring, lr=0.4, momentum=0.6), [1.0])


def test_what_is_told_of_a_rule_that_runs_on_vectors_alone():
    """On a matrix it says so itself: nothing that theory says of it can be wrong there."""

    class OnVectors(MuonLike, listed=False):
        def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
            if g.ndim != 1:
                raise ValueError("vectors alone")
            return heavy_balls_step(self, g, slots)

    assert pk.stability(OnVectors(lr=0.1, momentum=0.5), [1.0]).max_lr == pytest.approx(3)


def test_a_rule_that_goes_by_signs_after_its_first_step_is_not_linear():
    """Resilient propagation takes nothing off in its first step, and a fixed length ever after."""
    assert not pk.response(optax.rprop(0.1)).linear
