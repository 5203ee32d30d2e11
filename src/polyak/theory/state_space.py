"""A rule on one number as a state-space system, (z, g) -> z' with z = (x, slots): its state as a vector, and its step.

The slots are every floating number of the rule's state. Step counters, whole numbers among the state, are held. What
the tests of linearity (linearity.py) and the matrices (examination.py) are made of is here.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from polyak.ground.compiled import quickly
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import FromPage, FromPlane, Optimizer, PageRule, as_rule, tabulated
from polyak.run.loop import compiles, start


def on_one_number(rule: Optimizer) -> Optimizer:
    """`rule` as something that can be run on one number.

    A page's own states have the shapes of the page's parameters; on one number they are guessed anew. Raises
    PolyakError for what is no rule, and for a function of the plane, which is given no gradient.
    """
    rule = as_rule(rule)
    if isinstance(rule, FromPlane):
        raise PolyakError(
            f"{rule.name()} brings its own gradient: its step cannot be told from it, ask for its stability alone"
        )
    if isinstance(rule, FromPage) and rule.states is not None:
        return FromPage(rule.function, None, rule.arguments)
    return rule


def runnable(rule: Optimizer, steps: int) -> Optimizer:
    """The same with its schedules as tables of so many steps, and room for the next power of two."""
    tables: Optimizer = tabulated(on_one_number(rule), steps, room(steps))
    return tables


def room(steps: int) -> int:
    """The next power of two: one compilation serves every number of steps up to it."""
    return 1 << (steps - 1).bit_length()


def is_compiled(rule: Optimizer) -> bool:
    """Whether the rule can be traced; where it cannot, the same questions are asked of it step by step."""
    return not isinstance(rule, PageRule) or compiles(rule, jnp.zeros(1))


def begin(rule: Optimizer) -> Pytree:
    """The rule's state before the first step, on one number that is 0."""
    return start(rule, jnp.zeros(1))[1]


def pack(x: jax.Array, state: Pytree) -> jax.Array:
    """z = (x, slots), shape (n,)."""
    return jnp.concatenate([x, *(leaf.ravel() for leaf in jax.tree.leaves(state) if _is_number(leaf))])


def unpack(z: jax.Array, like: Pytree) -> tuple[jax.Array, Pytree]:
    """x and the state that `pack` made z of; whole numbers are those of `like`."""
    leaves, tree = jax.tree.flatten(like)
    place, filled = 1, []
    for leaf in leaves:
        if _is_number(leaf):
            filled.append(z[place : place + leaf.size].reshape(leaf.shape).astype(leaf.dtype))
            place += leaf.size
        else:
            filled.append(leaf)
    return z[:1], jax.tree.unflatten(tree, filled)


def update(rule: Optimizer, g: jax.Array, state: Pytree, x: jax.Array) -> tuple[jax.Array, Pytree]:
    """What a step adds to x, and the state after it, in the types that they had."""
    updates, new = rule.update(g, state, x)
    new = jax.tree.map(lambda leaf, old: jnp.asarray(leaf).astype(old.dtype), new, state)
    return updates.astype(x.dtype), new


def move(rule: Optimizer, state: Pytree, z: jax.Array, g: jax.Array) -> tuple[jax.Array, Pytree]:
    """One step: z' for (z, g), and the state, whose counters have gone on."""
    x, filled = unpack(z, state)
    updates, new = update(rule, g, filled, x)
    return pack(x + updates, new), new


def waited(rule: Optimizer, state: Pytree, steps: int | jax.Array) -> Pytree:
    """The state after so many steps without a gradient, at x = 0: the clocks have gone on, nothing else."""
    x = jnp.zeros(1)

    def wait(_: int, state: Pytree) -> Pytree:
        return move(rule, state, pack(x * 0, state), x * 0)[1]

    return lax.fori_loop(0, steps, wait, state)


def waited_eager(rule: Optimizer, state: Pytree, steps: int) -> Pytree:
    """The same, step by step."""
    for _ in range(steps):
        _, state = move(rule, state, pack(jnp.zeros(1), state), jnp.zeros(1))
    return state


def jacobian(rule: Optimizer, state: Pytree) -> tuple[jax.Array, jax.Array]:
    """dz'/dz, shape (n, n), and dz'/dg, shape (n,), by automatic differentiation of one step."""
    z = pack(jnp.zeros(1), state)
    A, B = jax.jacfwd(lambda z, g: move(rule, state, z, g)[0], argnums=(0, 1))(z, jnp.zeros(1))
    return A, B[:, 0]


def columns(rule: Optimizer, state: Pytree) -> tuple[jax.Array, jax.Array]:
    """The same for what cannot be differentiated: what one unit of each number adds, exact where it is linear."""
    z, none = pack(jnp.zeros(1), state), jnp.zeros(1)
    still = move(rule, state, z, none)[0]
    A = [move(rule, state, z.at[j].add(1.0), none)[0] - still for j in range(len(z))]
    return jnp.stack(A, axis=1), move(rule, state, z, none + 1)[0] - still


@partial(quickly, static=3)
def jacobians(
    rule: Optimizer, state: Pytree, start: int | jax.Array, steps: int
) -> tuple[jax.Array, jax.Array]:
    """The matrices of `steps` steps, from step `start` on: shapes (steps, n, n) and (steps, n)."""

    def step(state: Pytree, _: None) -> tuple[Pytree, tuple[jax.Array, jax.Array]]:
        return waited(rule, state, 1), jacobian(rule, state)

    matrices: tuple[jax.Array, jax.Array] = lax.scan(step, waited(rule, state, start), length=steps)[1]
    return matrices


def _is_number(leaf: jax.Array) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jnp.inexact))


waited_compiled = quickly(waited)
jacobian_compiled = quickly(jacobian)
begin_compiled = quickly(begin)
update_compiled = quickly(update)
