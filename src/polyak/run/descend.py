"""Descend a landscape with a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from polyak.ground.compiled import jitted
from polyak.ground.errors import whole_number
from polyak.ground.precision import checked_dtype, in_precision
from polyak.landscapes import Landscape, as_landscape
from polyak.landscapes.landscape import Function
from polyak.rules import Optimizer, as_rule, tabulated
from polyak.run.affordable import MOST_STEPS
from polyak.run.loop import Loop, compiles, eager_loop, loop, start
from polyak.run.trace import Trace


def descend(
    rule: object,
    on: Landscape | str | Callable[..., object],
    steps: int = 20,
    *,
    start: Sequence[float] | None = None,
    dtype: str = "float64",
    **settings: Any,
) -> Trace:
    """Where a rule goes on a landscape: x_0, then x_k = x_{k-1} + step_k for each of `steps` steps.

    Args:
        rule: an update rule with its settings, or the name of one of ours; an Optax optimizer is one too.
        on: a Landscape, the name of one of ours, quadratic:0.1,1,3, a function f(x1, x2), or with `start` an f(x).
        steps: how many, from 1 to ten million.
        start: coordinates to begin at, instead of the landscape's own.
        dtype: float64 or float32.
        settings: of a rule that is given by its name or its class.

    Returns a Trace. Divergence is no error: positions become inf or nan, and `diverged_at` names the step.
    Raises PolyakError for input that cannot be used.

    >>> import polyak as pk
    >>> trace = pk.descend(pk.HeavyBall(lr=0.4, momentum=0.5), pk.landscapes.ravine, steps=20)
    >>> trace.end.round(6)
    array([-0.062843,  0.001202])
    >>> print(pk.descend("heavy_ball", "ravine", lr=0.4, momentum=0.5))
    heavy_ball(lr=0.4, momentum=0.5, lr_in_velocity=True) on ravine, 20 steps: x1 -0.062843, x2 0.001202
    """
    optimizer = as_rule(rule, descend, **settings)
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    dtype = checked_dtype(dtype)
    landscape = as_landscape(on, start)
    with in_precision(dtype):
        # One compilation serves every number of steps up to the next power of two.
        length = 1 << (steps - 1).bit_length()
        x = jnp.asarray(landscape.start, dtype=dtype)
        rule_at = tabulated(optimizer, steps, length)
        if compiles(optimizer, x):
            path = _descent(landscape.function, length, rule_at, x)
        else:
            path = _path(eager_loop, landscape.function, steps, rule_at, x)
        positions, values = (np.asarray(array)[: steps + 1] for array in path)
    return Trace(rule=optimizer, landscape=landscape, positions=positions, values=values)


def _path(
    run: Loop, function: Function, steps: int, rule: Optimizer, x: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Positions and values of `steps` steps, by the compiled loop or by the eager one."""
    slope = jax.grad(function)
    _, (positions, values) = run(
        rule,
        lambda x, _: slope(x),
        lambda x: (x, function(x)),
        start(rule, x),
        jnp.arange(steps).reshape(steps, 1),
    )
    first = x[None], jnp.asarray(function(x))[None]
    return jnp.concatenate([first[0], positions]), jnp.concatenate([first[1], values])


@partial(jitted, static=(0, 1))
def _descent(function: Function, steps: int, rule: Optimizer, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The same, compiled once for each function, rule and power of two of steps."""
    return _path(loop, function, steps, rule, x)
