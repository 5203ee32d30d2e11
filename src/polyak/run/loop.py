"""The one compiled loop: whatever descends or trains, goes through here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Carry = tuple[Any, Any]


def start(rule: Any, params: Any) -> Carry:
    """The parameters and the rule's state before the first step, as arrays."""
    return params, jax.tree.map(jnp.asarray, rule.init(params))


def loop(
    rule: Any,
    gradient: Callable[[Any, Any], Any],
    observe: Callable[[Any], Any],
    carry: Carry,
    inputs: Any,
) -> tuple[Carry, Any]:
    """Steps of a rule, with a record after every so many.

    Args:
        rule: anything with `init` and `update`.
        gradient: gradient(params, input) -> a pytree like params.
        observe: observe(params) -> what is recorded.
        carry: the parameters and the rule's state.
        inputs: one step's input at [record, step]: arrays with two leading axes, (records, steps per record).

    Returns the last carry, and the records stacked along a leading axis.
    """

    def step(carry: Carry, batch: Any) -> tuple[Carry, None]:
        params, state = carry
        updates, state = rule.update(gradient(params, batch), state, params)
        return (jax.tree.map(lambda x, step: x + step.astype(x.dtype), params, updates), state), None

    def record(carry: Carry, batches: Any) -> tuple[Carry, Any]:
        carry, _ = lax.scan(step, carry, batches)
        return carry, observe(carry[0])

    return lax.scan(record, carry, inputs)
