"""Whether a rule is linear and moves each entry of an array alone: superposition and mixing, tested by running it.

Only tests: what is made of their findings, and the matrices of a rule that passes, are the examination's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from polyak.ground.compiled import quickly
from polyak.ground.types import Pytree
from polyak.rules import Optimizer, PageRule, unwrapped
from polyak.run.loop import start
from polyak.theory.state_space import move, pack, update

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
    "a large matrix": (130, 132),  # of which some keep less: from 128 rows, or from 4,096 entries
}
SMALL = 3  # of them are asked of what runs step by step

Mapped: TypeAlias = Callable[[Callable[..., jax.Array]], Callable[..., jax.Array]]


class Findings(NamedTuple):
    """What the tests found.

    Attributes:
        moved: which numbers of z a gradient moves, shape (n,); the others are clocks and constants.
        nonlinearity: how far superposition fails, of one step and of a path, relative to what is superposed; nan where
            the rule gives nan.
        mixing: how far the path of an array is from its entries' own, relative to it, for each of SHAPES; 0 for
            those that the rule cannot be run on.
    """

    moved: jax.Array
    nonlinearity: jax.Array
    mixing: jax.Array


def tested(rule: Optimizer, state: Pytree, mapped: Mapped) -> Findings:
    """Tests of a rule, in a state that it may be in; `mapped` is `jax.vmap`, or `one_by_one`."""
    moved = _moved(rule, state)
    shapes = list(SHAPES.values())[: SMALL if mapped is one_by_one else None]
    nonlinearity, (growth, mixing) = _nonlinearity(rule, state, moved, mapped), _paths(rule, shapes, mapped)
    return Findings(moved, jnp.maximum(nonlinearity, growth), mixing)


def one_by_one(function: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """What `jax.vmap` does, for what cannot be traced."""
    return lambda *arrays: jnp.stack([function(*entries) for entries in zip(*arrays, strict=True)])


tested_compiled = quickly(partial(tested, mapped=jax.vmap))


def _moved(rule: Optimizer, state: Pytree) -> jax.Array:
    """Which numbers differ after a few steps of two different gradients."""
    ends = []
    for gradients, x in zip(_draws(0, 2, FEW), _draws(1, 2, 1), strict=True):
        z, now = pack(jnp.asarray(x), state), state
        for g in gradients:
            z, now = move(rule, now, z, jnp.asarray(g)[None])
        ends.append(z)
    return (ends[0] != ends[1]) | jnp.isnan(ends[0])


def _nonlinearity(rule: Optimizer, state: Pytree, moved: jax.Array, mapped: Mapped) -> jax.Array:
    """Superposition: f(a u + b w) - a f(u) - b f(w), and f(0), relative to the largest part."""
    held = jnp.where(moved, 0.0, pack(jnp.zeros(1), state))
    n = len(held)

    def f(given: jax.Array) -> jax.Array:
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


def _paths(rule: Optimizer, shapes: Sequence[tuple[int, ...]], mapped: Mapped) -> tuple[jax.Array, jax.Array]:
    """Whether whole paths grow as their gradients do, and whether arrays move as their entries would alone."""
    along = _one_after_another if mapped is one_by_one else lax.scan
    scales = np.array((1.0,) if mapped is one_by_one else SCALES)

    def step(
        carry: tuple[jax.Array, jax.Array, Pytree], g: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array, Pytree], None]:
        x, way, state = carry
        updates, new = update(rule, g, state, x)
        return (x + updates, way + updates, new), None

    def path(x: jax.Array, gradients: jax.Array) -> jax.Array:
        """The way that x goes: summed by itself, for beside x a small one is rounded away."""
        x, state = start(rule, x)
        way: jax.Array = along(step, (x, x * 0, state), gradients)[0][1]
        return way

    sizes = [math.prod(shape) for shape in shapes]
    # A page's function gives x itself, beside which a small step is rounded away: its paths begin at 0.
    begun = 0.0 if isinstance(unwrapped(rule), PageRule) else 1.0
    x = jnp.asarray(begun * np.multiply.outer(scales, _draws(2, sum(sizes))))
    g = jnp.asarray(np.multiply.outer(scales, _draws(3, FEW, sum(sizes))))
    entries = jnp.moveaxis(g, 1, 2).reshape(-1, FEW, 1)
    alone = mapped(path)(x.reshape(-1, 1), entries).reshape(x.shape)
    grown = alone / jnp.asarray(scales)[:, None]  # a linear rule's are all the same
    growth = jnp.abs(grown - grown[0]).max() / jnp.maximum(jnp.abs(grown).max(), LEAST_WAY)
    mixing, cuts = [], np.cumsum([0, *sizes])
    for shape, begin, end in zip(shapes, cuts, cuts[1:], strict=False):
        expected = alone[:, begin:end]
        try:
            gradients = g[:, :, begin:end].reshape(len(scales), FEW, *shape)
            whole = mapped(path)(x[:, begin:end].reshape(-1, *shape), gradients).reshape(expected.shape)
        except NOT_RUN:  # on what it cannot be run on, nothing is said that could be wrong
            whole = expected
        size = jnp.maximum(jnp.abs(expected).max(1), LEAST_WAY)
        mixing.append((jnp.abs(whole - expected).max(1) / size).max())
    return growth, jnp.stack(mixing)


def _one_after_another(
    step: Callable[[Any, jax.Array], tuple[Any, None]], carry: Pytree, inputs: jax.Array
) -> tuple[Pytree, None]:
    """What `lax.scan` does with what is carried, for what cannot be traced."""
    for one in inputs:
        carry, _ = step(carry, one)
    return carry, None


@cache
def _draws(seed: int, *shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=shape)
