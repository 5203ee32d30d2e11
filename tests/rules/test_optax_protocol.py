"""A rule of ours is an Optax transformation: in chains, in MultiSteps, unpacked, compiled, mapped, differentiated."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from polyak.rules import (
    Adafactor,
    HeavyBall,
    Lion,
    Muon,
    NAdam,
    Nesterov,
    Rule,
    ScheduleFree,
    ScheduleFreeAdam,
    Signum,
)

pytestmark = pytest.mark.usefixtures("x64")
STEPS = 10


def optax_path(optimizer: Any, params: Any, gradient: Any, flat: Any, steps: int = STEPS) -> np.ndarray:
    """As Optax's own examples do it: init, update, apply_updates."""
    state, rows = optimizer.init(params), [flat(params)]
    for _ in range(steps):
        updates, state = optimizer.update(gradient(params), state, params)
        params = optax.apply_updates(params, updates)
        rows.append(flat(params))
    return np.array(rows)


def end_loss(rule: Any, x: Any, problem: Any, steps: int = 3) -> Any:
    state = rule.init(x)
    for _ in range(steps):
        updates, state = rule.update(problem.gradient(x), state, x)
        x = x + updates
    return problem.loss(x)


def test_the_problems_gradient_is_its_losses(problem: Any, flat: Any) -> None:
    """What everything here descends is held against JAX's derivative of its loss."""
    x = problem.on("jax")
    ours, theirs = flat(problem.gradient(x)), flat(jax.grad(problem.loss)(x))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14 * np.abs(theirs).max())


def test_apply_updates(typical: Rule, problem: Any, walk: Any, flat: Any, assert_same_path: Any) -> None:
    path = optax_path(typical, problem.on("jax"), problem.gradient, flat)
    assert_same_path(path, walk(typical, problem.on("numpy"), problem.gradient, STEPS), 1e-14)


def test_unpacked(typical: Rule, problem: Any, walk: Any, flat: Any, assert_same_path: Any) -> None:
    init, update = typical
    path = optax_path(optax.GradientTransformation(init, update), problem.on("jax"), problem.gradient, flat)
    assert_same_path(path, walk(typical, problem.on("numpy"), problem.gradient, STEPS), 1e-14)


@pytest.mark.parametrize("rule", [HeavyBall(0.05, 0.9), Lion(0.05, weight_decay=0.1)], ids=str)
def test_chained_before_and_after(
    rule: Rule, problem: Any, walk: Any, flat: Any, assert_same_path: Any
) -> None:
    """Clipped gradients in, half the step out."""

    class ByHand:
        init = rule.init

        @staticmethod
        def update(grads: Any, state: Any, params: Any) -> Any:
            clipped = jax.tree.map(lambda g: np.clip(g, -0.4, 0.4), grads)
            updates, state = rule.update(clipped, state, params)
            return jax.tree.map(lambda u: 0.5 * u, updates), state

    chain = optax.chain(optax.clip(0.4), rule, optax.scale(0.5))
    path = optax_path(chain, problem.on("jax"), problem.gradient, flat)
    assert_same_path(path, walk(ByHand, problem.on("numpy"), problem.gradient, STEPS), 1e-14)
    free = walk(rule, problem.on("numpy"), problem.gradient, STEPS)
    assert np.abs(path - free).max() > 0.01, "the chain changed nothing"


@pytest.mark.parametrize("rule", [HeavyBall(0.05, 0.9), NAdam(0.05, eps=0.5)], ids=str)
def test_multi_steps_takes_the_mean_of_gradients(
    rule: Rule, problem: Any, walk: Any, flat: Any, assert_same_path: Any
) -> None:
    """Each gradient seen twice, with weights 1/2 and 3/2, is the gradient seen once; every other step moves."""
    optimizer = optax.MultiSteps(rule, every_k_schedule=2, accumulator_dtype=jnp.float64)
    params = problem.on("jax")
    state, rows, step = optimizer.init(params), [flat(params)], jax.jit(optimizer.update)
    for _ in range(STEPS):
        for weight in (0.5, 1.5):
            grads = jax.tree.map(lambda g, w=weight: w * g, problem.gradient(params))
            updates, state = step(grads, state, params)
            params = optax.apply_updates(params, updates)
            rows.append(flat(params))
    path = np.array(rows)
    np.testing.assert_array_equal(path[1::2], path[:-1:2])
    assert_same_path(path[::2], walk(rule, problem.on("numpy"), problem.gradient, STEPS), 1e-14)


def test_masked_arrays_stay(problem: Any, flat: Any) -> None:
    rule = optax.masked(HeavyBall(0.05, 0.9), {"layer": (True, False), "scale": False})
    x = problem.on("jax")
    updates, _ = rule.update(problem.gradient(x), rule.init(x), x)
    np.testing.assert_array_equal(updates["layer"][0], -0.05 * problem.gradient(x)["layer"][0])
    np.testing.assert_array_equal(updates["scale"], problem.gradient(x)["scale"])


def test_mapped_over_lr_is_a_loop(typical: Rule, problem: Any, flat: Any) -> None:
    x = flat(problem.params)  # NumPy's, beside numbers that are traced
    rates = np.array([0.01, 0.03, 0.07])
    mapped = jax.vmap(lambda lr: end_loss(typical.replace(lr=lr), x, problem))(rates)
    looped = [end_loss(typical.replace(lr=lr), x, problem) for lr in rates]
    assert np.ptp(looped) > 1e-3 * np.abs(looped).max()
    np.testing.assert_allclose(mapped, looped, rtol=1e-13)


def test_mapped_over_whole_rules_is_a_loop(typical: Rule, problem: Any, flat: Any) -> None:
    """Rules stacked number by number, as any pytree is."""
    x = jnp.asarray(flat(problem.params))
    rules = [typical, *(typical.replace(**{n: 0.8 * v}) for n, v in numbers(typical).items())]
    stacked = jax.tree.map(lambda *leaves: jnp.asarray(leaves), *rules)
    mapped = jax.vmap(lambda rule: end_loss(rule, x, problem))(stacked)
    np.testing.assert_allclose(mapped, [end_loss(rule, x, problem) for rule in rules], rtol=1e-13)


@pytest.mark.parametrize("rule", [HeavyBall(0.05, 0.9), Lion(0.05)], ids=str)
def test_a_numpy_gradient_beside_a_traced_state(rule: Rule) -> None:
    g = np.array([3.0, -4.0])
    compiled = jax.jit(lambda state: rule.update(g, state)[0])(rule.init(g))
    np.testing.assert_allclose(compiled, rule.update(g, rule.init(g))[0], rtol=1e-15)


def numbers(rule: Rule) -> dict[str, float]:
    return {name: getattr(rule, name) for name in rule.hyperparameters()}


def test_differentiated_by_every_number(typical: Rule, problem: Any, flat: Any) -> None:
    """The loss after three steps, differentiated by the rule itself, against central differences.

    The difference over h/2 is the better one by a factor of four, so its own error is a third of what
    the two are apart; the loss is rounded a few times, which h divides.
    """
    x = flat(problem.params)

    def loss(rule: Rule) -> Any:
        return end_loss(rule, x, problem)

    derivatives = numbers(jax.grad(loss)(typical))
    rounding = 30 * np.finfo(float).eps * abs(loss(typical))
    for name, value in numbers(typical).items():
        h = 1e-3 * value
        wide, near = (
            (loss(typical.replace(**{name: value + d})) - loss(typical.replace(**{name: value - d})))
            / (2 * d)
            for d in (h, h / 2)
        )
        error = abs(wide - near) + rounding / h
        assert abs(derivatives[name] - near) <= error, name
    # A sign does not feel the numbers it is taken of; what every rule feels is its learning rate.
    assert abs(derivatives["lr"]) > 1e-2
    felt = {name for name, derivative in derivatives.items() if abs(derivative) > 1e-14}
    assert felt == set(derivatives) - UNFELT.get(type(typical), set())


UNFELT: dict[type[Rule], set[str]] = {
    Signum: {"momentum"},
    Lion: {"beta1", "beta2"},
    Muon: {"momentum"},
    ScheduleFree: {"weight_lr_power"},  # of a constant lr all weights are one
    ScheduleFreeAdam: {"weight_lr_power"},
    Adafactor: {"eps", "least_size"},
}


def test_a_rule_leaves_other_arguments_alone(problem: Any, flat: Any) -> None:
    """Optax passes the loss and more by name to those that want it."""
    rule, x = Nesterov(0.05, 0.9), problem.on("jax")
    grads, state = problem.gradient(x), rule.init(x)
    plain, _ = rule.update(grads, state, x)
    informed, _ = rule.update(grads, state, x, value=1.0, grad=grads)
    without, _ = rule.update(grads, state)
    np.testing.assert_array_equal(flat(plain), flat(informed))
    np.testing.assert_array_equal(flat(plain), flat(without))
