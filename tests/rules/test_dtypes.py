"""Updates and slots have the parameters' dtype, however the numbers of the rule are spelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from polyak.rules import HeavyBall, NAdam, Rule, tabulated

STEPS = 2
# Whether JAX may make float64 arrays at all matters to JAX alone; float64 numbers beside float32 arrays do to all.
WHERE = [("numpy", True), ("torch", True), ("jax", True), ("jax", False)]


def each(convert: Callable[[float], Any]) -> Callable[[Rule], Rule]:
    """Every number of a rule, converted."""
    return lambda rule: rule.replace(
        **{name: convert(getattr(rule, name)) for name in rule.hyperparameters()}
    )


SPELLINGS = {
    "floats": each(float),
    "numpy scalars": each(np.float64),
    "numpy arrays": each(np.asarray),
    "jax arrays": each(jnp.asarray),
    "schedules of floats": each(lambda value: lambda step: value),
    "schedules of numpy scalars": each(lambda value: lambda step: np.float64(value)),
    "schedules of jax arrays": each(lambda value: lambda step: jnp.asarray(value)),
    "optax schedules": each(optax.constant_schedule),
    "an optax schedule": lambda rule: rule.replace(lr=optax.cosine_decay_schedule(rule.lr, 1000)),
    "tables": lambda rule: tabulated(each(optax.constant_schedule)(rule), STEPS),
}


def dtypes(tree: Any) -> set[str]:
    return {str(x.dtype).removeprefix("torch.") for x in jax.tree.leaves(tree)}


def run(rule: Rule, params: Any, gradient: Any, update: Any = None) -> tuple[Any, Any]:
    state = rule.init(params)
    for _ in range(STEPS):
        updates, state = (update or rule.update)(gradient(params), state, params)
        params = jax.tree.map(lambda x, u: x + u, params, updates)
    return updates, state.slots


# Every rule multiplies by numbers that the base of all rules has made ready, whatever their spelling: each is tried on
# these, a linear rule and one that counts its steps, and each rule with what differs most.
EVERY_RULE = ("floats", "jax arrays", "an optax schedule")
TWO = (HeavyBall(0.05, 0.9), NAdam(0.05, beta1=0.7, beta2=0.95, eps=0.5))
anywhere = pytest.mark.parametrize(
    ("backend", "wide"), WHERE, ids=["numpy", "torch", "jax", "jax without x64"]
)


@pytest.mark.parametrize("spelling", EVERY_RULE)
@anywhere
def test_float32_stays_float32(
    typical: Rule, backend: str, spelling: str, wide: bool, problem: Any, flat: Any
) -> None:
    stays_float32(typical, backend, spelling, wide, problem, flat)


@pytest.mark.parametrize("spelling", sorted(SPELLINGS.keys() - set(EVERY_RULE)))
@pytest.mark.parametrize("rule", TWO, ids=lambda rule: rule.name())
@anywhere
def test_however_its_numbers_are_spelled(
    rule: Rule, backend: str, spelling: str, wide: bool, problem: Any, flat: Any
) -> None:
    stays_float32(rule, backend, spelling, wide, problem, flat)


def stays_float32(typical: Rule, backend: str, spelling: str, wide: bool, problem: Any, flat: Any) -> None:
    with jax.enable_x64(wide):
        params = problem.on(backend, "float32")
        updates, slots = run(SPELLINGS[spelling](typical), params, problem.gradient)
        expected, _ = run(typical, params, problem.gradient)
    assert dtypes(updates) == {"float32"}
    assert dtypes(slots) <= {"float32"}
    # Numbers rounded to float32 on the way in, and divided by 1 - beta2 = 1/20; a cosine that falls a little.
    eps = np.finfo("float32").eps
    fallen = 1 - np.cos(np.pi * STEPS / 1000) if spelling == "an optax schedule" else 0.0
    size = np.abs(flat(params)).max()
    np.testing.assert_allclose(
        flat(updates), flat(expected), rtol=20 * 8 * eps + fallen, atol=STEPS * 8 * eps * size
    )


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
def test_float64_stays_float64(typical: Rule, backend: str, problem: Any) -> None:
    updates, slots = run(typical, problem.on(backend), problem.gradient)
    assert dtypes(updates) == {"float64"}
    assert dtypes(slots) <= {"float64"}


@pytest.mark.usefixtures("x64")
def test_float32_stays_float32_when_compiled(typical: Rule, problem: Any) -> None:
    rule = SPELLINGS["jax arrays"](typical)
    compiled = jax.jit(lambda rule, g, state, x: rule.update(g, state, x))
    params = problem.on("jax", "float32")
    updates, slots = run(rule, params, problem.gradient, lambda g, s, x: compiled(rule, g, s, x))
    assert dtypes(updates) == {"float32"}
    assert dtypes(slots) <= {"float32"}


def test_strict_promotion_has_nothing_to_say(typical: Rule, problem: Any) -> None:
    """No rule leans on JAX's promotion of dtypes, or of ranks other than of single numbers."""
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        params = problem.on("jax", "float32")
        grads = jax.tree.map(jnp.ones_like, params)
        updates, _ = typical.update(grads, typical.init(params), params)
    assert dtypes(updates) == {"float32"}
