"""Two runs of a rule on one number that differ by one unit gradient."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from polyak.ground.compiled import quickly
from polyak.ground.types import Pytree
from polyak.rules import Optimizer
from polyak.theory.state_space import begin, move, pack, room, runnable


def difference(
    rule: Optimizer, compiled: bool, at: int, steps: int, gradient: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the impulse takes off x at steps at, at + 1 ..., shape (steps,), and what it leaves in z after the last."""
    rule = runnable(rule, at + steps)
    with jax.enable_x64(True):
        run, count = (_runs, room(steps)) if compiled else (_runs_eager, steps)
        both = run(rule, at, gradient, count)
    z = np.asarray(both)[:, : steps + 1]  # (with and without, steps + 1, n)
    added = np.diff(z[..., 0], axis=1)
    return added[1] - added[0], np.asarray(z[0, -1] - z[1, -1])


@partial(quickly, static=3)
def _runs(rule: Optimizer, at: jax.Array, gradient: jax.Array, steps: int) -> jax.Array:
    """z at steps at .. at + steps, with the impulse and without it: shape (2, steps + 1, n)."""
    g = jnp.full(1, gradient, dtype=jnp.float64)

    def step(
        carry: tuple[jax.Array, Pytree], impulse: jax.Array | float
    ) -> tuple[tuple[jax.Array, Pytree], jax.Array]:
        z, state = carry
        z, state = move(rule, state, z, g + impulse)
        return (z, state), z

    state = begin(rule)
    begun = lax.fori_loop(0, at, lambda _, carry: step(carry, 0.0)[0], (pack(g * 0, state), state))
    impulses = jnp.zeros((2, steps)).at[0, 0].set(1.0)
    z = jax.vmap(lambda row: lax.scan(step, begun, row)[1])(impulses)
    return jnp.concatenate([jnp.broadcast_to(begun[0], (2, 1, len(begun[0]))), z], axis=1)


def _runs_eager(rule: Optimizer, at: int, gradient: float, steps: int) -> jax.Array:
    """The same, step by step."""
    runs = []
    for impulse in (1.0, 0.0):
        state = begin(rule)
        z, rows = pack(jnp.zeros(1), state), []
        for step in range(at + steps + 1):
            if step >= at:
                rows.append(z)
            z, state = move(rule, state, z, jnp.full(1, gradient + impulse * (step == at)))
        runs.append(jnp.stack(rows))
    return jnp.stack(runs)
