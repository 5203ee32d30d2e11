"""The one compiled loop: whatever descends or trains, goes through here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Protocol

import jax
import jax.numpy as jnp
from jax import lax

from polyak.ground.types import Pytree
from polyak.rules import Optimizer, PageRule, Transformation, unwrapped

Carry = tuple[Pytree, Pytree]  # the parameters and the rule's state
Gradient = Callable[[Pytree, Pytree], Pytree]  # of the parameters and a step's input
Observe = Callable[[Pytree], Pytree]


class Loop(Protocol):
    """The compiled loop, or the eager one."""

    def __call__(
        self, rule: Transformation, gradient: Gradient, observe: Observe, carry: Carry, inputs: Pytree, /
    ) -> tuple[Carry, Pytree]:
        """The last carry, and the records stacked along a leading axis."""


def start(rule: Transformation, params: Pytree) -> Carry:
    """The parameters and the rule's state before the first step, as arrays."""
    return params, jax.tree.map(jnp.asarray, rule.init(params))


def loop(
    rule: Transformation,
    gradient: Gradient,
    observe: Observe,
    carry: Carry,
    inputs: Pytree,
    arranged: Callable[[Pytree], Pytree] = lambda params: params,
) -> tuple[Carry, Pytree]:
    """Steps of a rule, with a record after every so many.

    Args:
        rule: anything with `init` and `update`.
        gradient: gradient(params, input) -> a pytree like params.
        observe: observe(params) -> what is recorded.
        carry: the parameters and the rule's state.
        inputs: one step's input at [record, step]: arrays with two leading axes, (records, steps per record).
        arranged: the same parameters, in the order in memory that suits the loop.

    Returns the last carry, and the records stacked along a leading axis.
    """

    def step(carry: Carry, batch: Pytree) -> tuple[Carry, None]:
        params, state = carry
        updates, state = rule.update(gradient(params, batch), state, params)
        params = jax.tree.map(lambda x, step: x + step.astype(x.dtype), params, updates)
        return (arranged(params), state), None

    def record(carry: Carry, batches: Pytree) -> tuple[Carry, Pytree]:
        carry, _ = lax.scan(step, carry, batches)
        return carry, observe(carry[0])

    return lax.scan(record, carry, inputs)


def eager_loop(
    rule: Transformation, gradient: Gradient, observe: Observe, carry: Carry, inputs: Pytree
) -> tuple[Carry, Pytree]:
    """The same steps and records one by one in Python, for a page's function that cannot be traced."""
    records = []
    for batches in unstacked(inputs):
        for batch in unstacked(batches):
            carry = _moved(rule, gradient(carry[0], batch), carry)
        records.append(observe(carry[0]))
    return carry, jax.tree.map(lambda *values: jnp.stack(values), *records)


def _moved(rule: Transformation, grads: Pytree, carry: Carry) -> Carry:
    """One step."""
    params, state = carry
    updates, state = rule.update(grads, state, params)
    return jax.tree.map(lambda x, step: x + step.astype(x.dtype), params, updates), state


def compiles(rule: Optimizer, params: Pytree) -> bool:
    """Whether a rule can be traced; if not, a warning says why it runs step by step, once for each rule."""
    inner = unwrapped(rule)
    reason = inner.untraceable(params) if isinstance(inner, PageRule) else None
    if reason is not None:
        _say_once(f"{inner.name()} runs step by step, slowly: it cannot be compiled, for {reason}")
    return reason is None


@cache
def _say_once(message: str) -> None:
    warnings.warn(message, stacklevel=4)


def unstacked(tree: Pytree) -> list[Pytree]:
    """The entries along the leading axis of every array."""
    leaves = jax.tree.leaves(tree)
    return [jax.tree.map(lambda leaf: leaf[k], tree) for k in range(len(leaves[0]))]  # noqa: B023
