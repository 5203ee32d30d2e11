"""Hyper-parameters that change with the step: plain callables, Optax's schedules, and both as tables."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from polyak.ground.errors import PolyakError
from polyak.rules import (
    Adagrad,
    Adam,
    HeavyBall,
    Nesterov,
    QuasiHyperbolic,
    RMSProp,
    Rule,
    Tabulated,
    from_optax,
    tabulated,
)

STEPS = 30


def halving(step: Any) -> Any:
    return 0.05 * 0.9**step


def rising(step: Any) -> Any:
    return 0.9 - 0.4 * 0.8**step


SCHEDULED = [
    HeavyBall(halving, 0.9),
    HeavyBall(0.05, rising, lr_in_velocity=False),
    Nesterov(halving, rising),
    QuasiHyperbolic(halving, rising, nu=lambda step: 1 / (step + 1)),
    Adam(halving, beta1=rising, beta2=rising, eps=halving, weight_decay=halving),
    RMSProp(halving, momentum=rising, eps=0.5, initial_accumulator=lambda step: 0.3 + step),
    HeavyBall(optax.cosine_decay_schedule(0.05, STEPS), 0.9),
]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("rule", SCHEDULED, ids=lambda rule: rule.name())
def test_tabulated_is_untabulated(
    rule: Rule, backend: str, problem: Any, walk: Any, assert_same_path: Any
) -> None:
    x = problem.on(backend)
    assert_same_path(
        walk(tabulated(rule, STEPS), x, problem.gradient, STEPS),
        walk(rule, x, problem.gradient, STEPS),
        STEPS * np.finfo(float).eps,
    )


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("rule", SCHEDULED, ids=lambda rule: rule.name())
def test_a_schedule_is_the_rule_rebuilt_at_every_step(
    rule: Rule, problem: Any, walk: Any, assert_same_path: Any
) -> None:
    """By hand: at step k a rule made of the schedules' values at k."""

    class Rebuilt:
        @staticmethod
        def at(step: int) -> Rule:
            return rule.replace(**{name: float(s(step)) for name, s in rule.schedules().items()})

        @staticmethod
        def init(x: Any) -> Any:
            return 0, Rebuilt.at(0).init(x)

        @staticmethod
        def update(g: Any, state: Any, x: Any) -> Any:
            step, inner = state
            updates, inner = Rebuilt.at(step).update(g, inner, x)
            return updates, (step + 1, inner)

    x = problem.on("numpy")
    assert rule.schedules()
    assert_same_path(
        walk(rule, x, problem.gradient, STEPS),
        walk(Rebuilt, x, problem.gradient, STEPS),
        STEPS * np.finfo(float).eps,
    )


def test_a_schedule_matters(problem: Any, walk: Any) -> None:
    x = problem.on("numpy")
    for rule in SCHEDULED:
        frozen = rule.replace(**{name: float(s(0)) for name, s in rule.schedules().items()})
        a, b = (walk(r, x, problem.gradient, STEPS) for r in (rule, frozen))
        assert np.abs(a - b).max() > 1e-3, rule


LONG = {
    "a formula": lambda step: 0.1 / (step + 1) ** 2,
    "a branch": lambda step: 0.1 if step < 700 else 0.01,
    "a constant": lambda step: 0.1,
    "python's own functions": lambda step: 0.1 * math.cos(step / 1e5),
    "jax's functions": lambda step: 0.1 * jnp.exp(-step / 1e5),
    "numpy's functions": lambda step: 0.1 * np.exp(-step / 1e5),
}


@pytest.mark.parametrize("which", LONG)
def test_a_long_table_is_the_schedule_step_by_step(which: str) -> None:
    """Mapped over all steps at once where that can be, to the last digits, and past 32-bit integers."""
    steps, schedule = 100_000, LONG[which]
    values = tabulated(HeavyBall(schedule, 0.9), steps).lr.values
    some = [0, 1, 255, 256, 257, 699, 700, 46_340, 46_341, steps - 1]
    with jax.enable_x64(True):
        expected = [float(schedule(step)) for step in some]
    assert values.shape == (steps,)
    np.testing.assert_allclose(values[some], expected, rtol=4 * np.finfo(float).eps)


def test_another_value_in_a_table_compiles_nothing() -> None:
    traced = []

    @jax.jit
    def two_steps(rule: Rule, x: Any) -> Any:
        traced.append(rule)
        first, state = rule.update(x, rule.init(x), x)
        return first, rule.update(x, state, x)[0]

    x = jnp.ones(2)
    for factor in (1.0, 0.5, 0.25):
        rule = tabulated(HeavyBall(lambda step, f=factor: f * 0.5**step, 0.0), 2)
        first, second = two_steps(rule, x)
        np.testing.assert_allclose(first, -factor * x)
        np.testing.assert_allclose(second, -0.5 * factor * x)
    assert len(traced) == 1


@pytest.mark.parametrize(
    "values", [np.array([0.4, 0.2, 0.1]), jnp.array([0.4, 0.2, 0.1])], ids=["numpy", "jax"]
)
def test_a_table_holds_its_last_value(values: Any) -> None:
    table = Tabulated(values)
    steps = (0, 1, 2, 3, 1000)
    expected = np.array([0.4, 0.2, 0.1, 0.1, 0.1], dtype=values.dtype)
    np.testing.assert_array_equal([table(step) for step in steps], expected)
    np.testing.assert_array_equal([table(np.int64(step)) for step in steps], expected)
    as_jax = np.array([table(jnp.asarray(step)) for step in steps])
    np.testing.assert_array_equal(as_jax, expected.astype("float32"))
    compiled = jax.jit(table)  # the table itself is no argument here
    np.testing.assert_array_equal([compiled(step) for step in steps], expected.astype("float32"))


def test_a_table_with_room_repeats_its_last_value() -> None:
    roomy = tabulated(HeavyBall(lambda step: 0.5**step, 0.9), 3, room=5)
    np.testing.assert_array_equal(roomy.lr.values, [1.0, 0.5, 0.25, 0.25, 0.25])


def test_tabulated_leaves_numbers_and_tables_as_they_are() -> None:
    plain = HeavyBall(0.1, 0.9)
    assert tabulated(plain, STEPS) is plain
    once = tabulated(HeavyBall(halving, 0.9), STEPS)
    assert tabulated(once, 2 * STEPS) is once
    np.testing.assert_allclose(once.lr.values, [0.05 * 0.9**k for k in range(STEPS)], rtol=1e-15)


def test_optax_arguments_that_are_functions_but_no_schedules_stay() -> None:
    def everything(params: Any) -> Any:
        return jax.tree.map(lambda _: True, params)

    rule = from_optax(optax.adamw, learning_rate=halving, mask=everything, mu_dtype=jnp.float32)
    arguments = tabulated(rule, STEPS).settings()
    assert isinstance(arguments["learning_rate"], Tabulated)
    assert arguments["mask"] is everything
    assert arguments["mu_dtype"] is jnp.float32


def raising(step: int) -> float:
    raise RuntimeError("no table here\nnor there")


BROKEN = {
    "raises": (raising, "fails: RuntimeError: no table here nor there"),
    "nan": (lambda step: math.nan if step == 3 else 0.1, "is nan at step 3, expected"),
    "inf": (lambda step: math.inf if step == 2 else 0.1, "is inf at step 2, expected"),
    "below": (lambda step: 0.1 - step, "is -0.9 at step 1, expected"),
    "text": (lambda step: "fast", "fails: ValueError"),
    "nothing": (lambda step: None, "fails: TypeError"),
    "a row": (lambda step: [0.1, 0.2], "fails: TypeError"),
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("name", ["lr", "eps"])
def test_a_broken_schedule_is_one_line(name: str, broken: str) -> None:
    schedule, complaint = BROKEN[broken]
    rule = Adagrad.from_settings(**{"lr": 0.1, name: schedule})
    with pytest.raises(PolyakError) as error:
        tabulated(rule, 5)
    text = str(error.value)
    assert text.startswith(f"the schedule of {name} {complaint}")
    assert "\n" not in text


def test_a_schedule_out_of_range_is_told_the_range() -> None:
    with pytest.raises(PolyakError) as error:
        tabulated(HeavyBall(0.1, lambda step: 0.5 * step), 5)
    assert str(error.value) == "the schedule of momentum is 1 at step 2, expected a number in [0, 1)"


def test_a_broken_optax_schedule_is_one_line() -> None:
    rule = from_optax(optax.sgd, learning_rate=lambda step: math.nan)
    with pytest.raises(PolyakError, match="the schedule of learning_rate is nan at step 0, expected"):
        tabulated(rule, 5)
