"""Rules that others wrote: Optax's optimizers with their numbers traced, and anything with init and update."""

from __future__ import annotations

import functools
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from polyak.ground.errors import PolyakError
from polyak.rules import Adam, HeavyBall, as_rule, from_optax, tabulated

STEPS = 20
SOME: list[tuple[Any, dict[str, Any]]] = [
    (optax.sgd, {"learning_rate": 0.05, "momentum": 0.9}),
    (optax.sgd, {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    (optax.adam, {"learning_rate": 0.05, "b1": 0.8, "b2": 0.95, "eps": 0.1}),
    (optax.nadam, {"learning_rate": 0.05}),
    (optax.rmsprop, {"learning_rate": 0.05, "decay": 0.9, "centered": True}),
    (optax.lion, {"learning_rate": 0.05, "weight_decay": 0.1}),
    (functools.partial(optax.sgd, momentum=0.9), {"learning_rate": 0.05}),
]
names = [f"{i}" for i in range(len(SOME))]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("factory", "arguments"), SOME, ids=names)
def test_from_optax_is_the_optimizer(
    factory: Any, arguments: dict[str, Any], problem: Any, walk: Any, assert_same_path: Any
) -> None:
    x = problem.on("jax")
    expected = walk(factory(**arguments), x, problem.gradient, STEPS)
    ours = from_optax(factory, **arguments)
    assert_same_path(walk(ours, x, problem.gradient, STEPS), expected, STEPS * np.finfo(float).eps)
    assert_same_path(walk(as_rule(factory(**arguments)), x, problem.gradient, STEPS), expected, 0.0)
    assert ours.settings() == arguments
    assert as_rule(ours) is ours


def test_another_number_compiles_nothing() -> None:
    traced = []

    @jax.jit
    def step(rule: Any, g: Any) -> Any:
        traced.append(rule)
        return rule.update(g, rule.init(g), g)[0]

    g = jnp.ones(2)
    for rate, momentum in ((0.1, 0.9), (0.2, 0.9), (0.4, 0.5)):
        rule = from_optax(optax.sgd, learning_rate=rate, momentum=momentum)
        np.testing.assert_allclose(step(rule, g), -rate * g, rtol=1e-6)
    assert len(traced) == 1
    step(rule.replace(nesterov=True), g)
    step(rule.replace(nesterov=True, learning_rate=0.3), g)
    assert len(traced) == 2
    for factor in (0.1, 0.2):
        scheduled = rule.replace(learning_rate=optax.exponential_decay(factor, 1, 0.5))
        np.testing.assert_allclose(step(tabulated(scheduled, 5), g), -factor * g, rtol=1e-6)
    assert len(traced) == 3


def test_mapped_and_differentiated() -> None:
    def moved(rule: Any) -> Any:
        g = jnp.array(2.0)
        return rule.update(g, rule.init(g), g)[0]

    rule = from_optax(optax.sgd, learning_rate=0.1, momentum=0.9)
    assert jax.tree.leaves(rule) == [0.1, 0.9]
    assert jax.grad(moved)(rule).settings()["learning_rate"] == -2.0
    rates = jnp.array([0.1, 0.2, 0.4])
    np.testing.assert_allclose(jax.vmap(lambda lr: moved(rule.replace(learning_rate=lr)))(rates), -2 * rates)


def test_the_name_and_the_settings_show() -> None:
    assert repr(from_optax(optax.sgd, learning_rate=0.1)) == "optax:sgd(learning_rate=0.1)"
    assert from_optax(optax.nadam, learning_rate=0.1).name() == "optax:nadam"
    assert from_optax(functools.partial(optax.sgd, momentum=0.9), learning_rate=0.1).name() == "optax:sgd"


def test_pickled_and_back() -> None:
    rule = from_optax(optax.adam, learning_rate=0.1)
    again = pickle.loads(pickle.dumps(rule))
    assert (again.factory, again.settings()) == (optax.adam, {"learning_rate": 0.1})


def refusal(call: Any) -> str:
    with pytest.raises(PolyakError) as error:
        call()
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_an_unknown_argument_is_told_the_nearest() -> None:
    text = refusal(lambda: from_optax(optax.adam, learning_rat=0.1))
    assert text.startswith("unknown argument of optax:adam 'learning_rat', did you mean 'learning_rate'?")
    rule = from_optax(optax.adam, learning_rate=0.1)
    assert "did you mean 'b1'" in refusal(lambda: rule.replace(b11=0.1))


def test_a_missing_argument_is_named() -> None:
    assert refusal(lambda: from_optax(optax.sgd, momentum=0.9)) == "optax:sgd needs learning_rate"
    assert refusal(lambda: from_optax(optax.nadam)) == "optax:nadam needs learning_rate"


@pytest.mark.parametrize(
    "thing",
    [None, 0.1, np.eye(3), {"init": 1, "update": 2}, optax.sgd, [Adam], len],
    ids=lambda t: type(t).__name__,
)
def test_what_is_no_rule(thing: Any) -> None:
    assert refusal(lambda: as_rule(thing)).endswith(
        "is not a rule: expected a polyak rule, its name or an object with init and update"
    )


def test_a_class_is_no_rule_yet() -> None:
    text = refusal(lambda: as_rule(HeavyBall))
    assert text == "HeavyBall is a rule without settings, expected HeavyBall(...)"


def test_a_rule_by_its_name_or_its_class() -> None:
    ball = HeavyBall(lr=0.1, momentum=0.9)
    assert as_rule("heavy_ball", lr=0.1, momentum=0.9) == as_rule(HeavyBall, lr=0.1, momentum=0.9) == ball
    assert as_rule("Heavy-Ball", lr=0.1, momentum=0.9) == ball
    assert refusal(lambda: as_rule("heavy_ball", momentum=0.9)).startswith("heavy_ball needs lr")
    assert "did you mean 'heavy_ball'?" in refusal(lambda: as_rule("heavyball", lr=0.1))
    assert "did you mean 'momentum'?" in refusal(lambda: as_rule("heavy_ball", lr=0.1, momentun=0.9))
    assert "has its settings already: lr has no place" in refusal(lambda: as_rule(ball, lr=0.2))


class SignDescent:
    """Someone's own rule, in Optax's protocol."""

    def init(self, params: Any) -> int:
        return 0

    def update(self, grads: Any, state: int, params: Any = None) -> tuple[Any, int]:
        return jax.tree.map(lambda g: -0.05 * jnp.sign(g), grads), state + 1


@pytest.mark.usefixtures("x64")
def test_any_object_with_init_and_update(problem: Any, walk: Any, assert_same_path: Any) -> None:
    x, own = problem.on("jax"), SignDescent()
    rule = as_rule(own)
    assert_same_path(walk(rule, x, problem.gradient, STEPS), walk(own, x, problem.gradient, STEPS), 0.0)
    assert (rule.name(), rule.settings()) == ("SignDescent", {})
    assert as_rule(rule) is rule
    assert as_rule(own) == rule
    assert hash(as_rule(own)) == hash(rule)
    assert as_rule(SignDescent()) != rule


def test_an_adapted_rule_is_part_of_the_code() -> None:
    traced = []

    @jax.jit
    def step(rule: Any, g: Any) -> Any:
        traced.append(rule)
        return rule.update(g, rule.init(g), g)[0]

    rule = as_rule(SignDescent())
    np.testing.assert_allclose(step(rule, jnp.array([2.0, -3.0])), [-0.05, 0.05])
    step(rule, jnp.array([4.0, -3.0]))
    assert len(traced) == 1
    step(as_rule(SignDescent()), jnp.array([4.0, -3.0]))
    assert len(traced) == 2


def test_ours_stay_as_they_are() -> None:
    rule = HeavyBall(0.1, 0.9)
    assert as_rule(rule) is rule
