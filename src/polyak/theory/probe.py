"""A rule on one number: what is read off it by running it, before any theory.

The rule's update is a map of what it is given and of what it keeps, (z, g) -> z' with z = (x, slots): x and every
floating number of the rule's state, in one vector. Step counters, whole numbers among the state, are held.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyak.ground.errors import PolyakError
from polyak.rules import FromPage, FromPlane, PageRule, as_rule, unwrapped
from polyak.run.loop import compiles, start

Array = Any
NOT_RUN = (TypeError, ValueError, KeyError, IndexError, AttributeError)
TRIALS = 4  # random points at which linearity is tested, at each scale
SCALES = (1e-3, 1.0, 1e3)
FEW = 3  # steps after which what a gradient moves has moved
LEAST_WAY = 1e-290  # smaller ones lose digits to the end of double precision
SHAPES = {
    "an array": (3,),
    "a matrix": (2, 3),
    "an array of three axes": (2, 2, 2),
    "an array of four axes": (2, 2, 3, 3),  # a convolution's
    "a large matrix": (
        130,
        132,
    ),  # rules that keep less of a large one begin at 128 rows, or at 4,096 entries
}
SMALL = 3  # of them are asked of what runs step by step


class Findings(NamedTuple):
    """What the tests found.

    Attributes:
        moved: which numbers of z a gradient moves, shape (n,); the others are clocks and constants.
        nonlinearity: how far superposition fails, of one step and of a path, relative to what is superposed; nan where
            the rule gives nan.
        mixing: how far the path of an array is from its entries' own, relative to it, for each of SHAPES; 0 for
            those that the rule cannot be run on.
    """

    moved: Array
    nonlinearity: Array
    mixing: Array


def probed(rule: Any) -> Any:
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


def is_compiled(rule: Any) -> bool:
    """Whether the rule can be traced; where it cannot, the same questions are asked of it step by step."""
    if not isinstance(rule, PageRule):
        return True
    return compiles(rule, jnp.zeros(1))


def begin(rule: Any, size: int = 1) -> Array:
    """The rule's state before the first step, on `size` numbers that are 0."""
    return start(rule, jnp.zeros(size))[1]


def pack(x: Array, state: Array) -> Array:
    """z = (x, slots), shape (n,)."""
    return jnp.concatenate([x, *(leaf.ravel() for leaf in jax.tree.leaves(state) if _is_number(leaf))])


def unpack(z: Array, like: Array, size: int = 1) -> tuple[Array, Array]:
    """x and the state that `pack` made z of; whole numbers are those of `like`."""
    leaves, tree = jax.tree.flatten(like)
    place, filled = size, []
    for leaf in leaves:
        if _is_number(leaf):
            filled.append(z[place : place + leaf.size].reshape(leaf.shape).astype(leaf.dtype))
            place += leaf.size
        else:
            filled.append(leaf)
    return z[:size], jax.tree.unflatten(tree, filled)


def move(rule: Any, state: Array, z: Array, g: Array) -> tuple[Array, Array]:
    """One step: z' for (z, g), and the state, whose counters have gone on."""
    size = g.shape[0]
    x, filled = unpack(z, state, size)
    updates, new = rule.update(g, filled, x)
    new = jax.tree.map(lambda leaf, old: jnp.asarray(leaf).astype(old.dtype), new, filled)
    return pack(x + updates.astype(x.dtype), new), new


def waited(rule: Any, state: Array, steps: Any) -> Array:
    """The state after so many steps without a gradient, at x = 0: the clocks have gone on, nothing else."""
    x = jnp.zeros(1)

    def wait(_: Any, state: Array) -> Array:
        return move(rule, state, pack(x * 0, state), x * 0)[1]

    return lax.fori_loop(0, steps, wait, state)


def waited_eager(rule: Any, state: Array, steps: int) -> Array:
    """The same, step by step."""
    for _ in range(steps):
        _, state = move(rule, state, pack(jnp.zeros(1), state), jnp.zeros(1))
    return state


def examined(rule: Any, state: Array, mapped: Callable[..., Any]) -> Findings:
    """Tests of a rule, in a state that it may be in; `mapped` is `jax.vmap`, or `one_by_one`."""
    moved = _moved(rule, state)
    shapes = list(SHAPES.values())[: SMALL if mapped is one_by_one else None]
    nonlinearity, (growth, mixing) = _nonlinearity(rule, state, moved, mapped), _along(rule, shapes, mapped)
    return Findings(moved, jnp.maximum(nonlinearity, growth), mixing)


def one_by_one(function: Callable[..., Any]) -> Callable[..., Any]:
    """What `jax.vmap` does, for what cannot be traced."""
    return lambda *arrays: jnp.stack([function(*entries) for entries in zip(*arrays, strict=True)])


def jacobian(rule: Any, state: Array) -> tuple[Array, Array]:
    """dz'/dz, shape (n, n), and dz'/dg, shape (n,), by automatic differentiation of one step."""
    z = pack(jnp.zeros(1), state)
    A, B = jax.jacfwd(lambda z, g: move(rule, state, z, g)[0], argnums=(0, 1))(z, jnp.zeros(1))
    return A, B[:, 0]


def columns(rule: Any, state: Array) -> tuple[Array, Array]:
    """The same for what cannot be differentiated: what one unit of each number adds, exact where it is linear."""
    z, none = pack(jnp.zeros(1), state), jnp.zeros(1)
    still = move(rule, state, z, none)[0]
    A = [move(rule, state, z.at[j].add(1.0), none)[0] - still for j in range(len(z))]
    return jnp.stack(A, axis=1), move(rule, state, z, none + 1)[0] - still


examined_compiled = jax.jit(partial(examined, mapped=jax.vmap))
waited_compiled = jax.jit(waited)
jacobian_compiled = jax.jit(jacobian)
begin_compiled = jax.jit(begin)


@partial(jax.jit, static_argnums=3)
def jacobians(rule: Any, state: Array, start: Array, steps: int) -> tuple[Array, Array]:
    """The matrices of `steps` steps, from step `start` on: shapes (steps, n, n) and (steps, n)."""

    def step(state: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        return waited(rule, state, 1), jacobian(rule, state)

    found: tuple[Array, Array] = lax.scan(step, waited(rule, state, start), length=steps)[1]
    return found


def _moved(rule: Any, state: Array) -> Array:
    """Which numbers differ after a few steps of two different gradients."""
    ends = []
    for gradients, x in zip(_draws(0, 2, FEW), _draws(1, 2, 1), strict=True):
        z, now = pack(jnp.asarray(x), state), state
        for g in gradients:
            z, now = move(rule, now, z, jnp.asarray(g)[None])
        ends.append(z)
    return (ends[0] != ends[1]) | jnp.isnan(ends[0])


def _nonlinearity(rule: Any, state: Array, moved: Array, mapped: Callable[..., Any]) -> Array:
    """Superposition: f(a u + b w) - a f(u) - b f(w), and f(0), relative to the largest part."""
    held = jnp.where(moved, 0.0, pack(jnp.zeros(1), state))
    n = len(held)

    def f(given: Array) -> Array:
        """What a step makes of (z, g), where those numbers of z that a gradient moves are given."""
        return jnp.where(moved, move(rule, state, held + moved * given[:n], given[n:])[0], 0.0)

    sizes = np.repeat(SCALES, TRIALS)[:, None]
    u, w = (jnp.asarray(sizes * _draws(seed, len(sizes), n + 1)) for seed in (10, 20))
    a, b = 0.6, -1.7
    points = jnp.concatenate([jnp.zeros((1, n + 1)), u, w, a * u + b * w])
    still, fu, fw, whole = jnp.split(mapped(f)(points), np.cumsum([1, len(u), len(u)]))
    size = jnp.maximum(jnp.abs(fu).max(1), jnp.abs(fw).max(1))
    off = jnp.abs(whole - a * fu - b * fw).max(1) / jnp.maximum(size, 1e-12)
    return jnp.maximum(off.max(), jnp.abs(still).max())


def _along(rule: Any, shapes: Sequence[tuple[int, ...]], mapped: Callable[..., Any]) -> tuple[Array, Array]:
    """Whether whole paths grow as their gradients do, and whether arrays move as their entries would alone."""
    along = _one_after_another if mapped is one_by_one else lax.scan
    scales = np.array((1.0,) if mapped is one_by_one else SCALES)

    def step(carry: tuple[Array, Array, Array], g: Array) -> tuple[tuple[Array, Array, Array], None]:
        x, way, state = carry
        updates, new = rule.update(g, state, x)
        new = jax.tree.map(lambda leaf, old: jnp.asarray(leaf).astype(old.dtype), new, state)
        updates = updates.astype(x.dtype)
        return (x + updates, way + updates, new), None

    def path(x: Array, gradients: Array) -> Array:
        """The way that x goes: summed by itself, for beside x a small one is rounded away."""
        x, state = start(rule, x)
        return along(step, (x, x * 0, state), gradients)[0][1]

    sizes = [math.prod(shape) for shape in shapes]
    # A page's function gives x itself, beside which a small step is rounded away: its paths begin at 0.
    begun = 0.0 if isinstance(unwrapped(rule), PageRule) else 1.0
    x = jnp.asarray(begun * np.multiply.outer(scales, _draws(2, sum(sizes))))
    g = jnp.asarray(np.multiply.outer(scales, _draws(3, FEW, sum(sizes))))
    entries = jnp.moveaxis(g, 1, 2).reshape(-1, FEW, 1)
    alone = mapped(path)(x.reshape(-1, 1), entries).reshape(x.shape)
    grown = alone / jnp.asarray(scales)[:, None]  # a linear rule's are all the same
    growth = jnp.abs(grown - grown[0]).max() / jnp.maximum(jnp.abs(grown).max(), LEAST_WAY)
    found, cuts = [], np.cumsum([0, *sizes])
    for shape, begin, end in zip(shapes, cuts, cuts[1:], strict=False):
        expected = alone[:, begin:end]
        try:
            gradients = g[:, :, begin:end].reshape(len(scales), FEW, *shape)
            whole = mapped(path)(x[:, begin:end].reshape(-1, *shape), gradients).reshape(expected.shape)
        except NOT_RUN:  # on what it cannot be run on, nothing is said that could be wrong
            whole = expected
        size = jnp.maximum(jnp.abs(expected).max(1), LEAST_WAY)
        found.append((jnp.abs(whole - expected).max(1) / size).max())
    return growth, jnp.stack(found)


def _one_after_another(step: Callable[..., Any], carry: Any, inputs: Array) -> tuple[Any, None]:
    """What `lax.scan` does with what is carried, for what cannot be traced."""
    for one in inputs:
        carry, _ = step(carry, one)
    return carry, None


@cache
def _draws(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def _is_number(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jnp.inexact))
