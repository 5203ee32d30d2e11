"""The search for the least worst rate over a family's settings.

Each setting is searched on a grid that closes in on its best point, and at each of its values those before it are
searched again: the learning rate, by its logarithm, innermost; a setting below 1 by the logarithm of what it lacks.
Nested so, a search finds the cusp of critical damping, off which a search of all at once slides. What is compared is
the logarithm of the rate, the largest that rounding leaves room for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from polyak.ground.compiled import thoroughly
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.rules import Optimizer
from polyak.theory import spectrum
from polyak.theory.rule_family import WIDE, Family, steps_on

LEAST_LR, MOST_LR = 1e-8, 1e20  # times 1/L: between these a learning rate is searched
LRS, POINTS = 33, 17  # of each grid of learning rates, and of each other setting
LR_DIGITS, DIGITS = 17, 14  # to which each is found, of the width of its range
LACKS = -math.log(1e-13)  # of the largest setting below 1: nearer to 1, rounding near -1 hides the rate
BESIDE = 1e-2  # of an end of what is searched, as logarithms: there 1 - m is known to 1e-3

Kept: TypeAlias = tuple[int, ...]
Names: TypeAlias = tuple[str, ...]
Ends: TypeAlias = tuple[tuple[float, float], ...]
Least: TypeAlias = tuple[jax.Array, tuple[jax.Array, ...]]
"""The least value of a function, and the places it has it at."""


def best_settings(family: Family, values: NDArray[np.float64]) -> dict[str, float]:
    """The settings with the least worst rate over the curvatures, by name.

    Raises PolyakError where no setting that is searched shrinks an error on all of them, or where the best one lies
    beyond: with a momentum nearer to 1 double precision cannot tell the rate from 1.
    """
    names, ends = (family.lr, *family.others), tuple(family.others.values())
    with jax.enable_x64(True):
        kept = family.kept(names)
        log_rate, places = _best(family.rule, family.state, kept, names, jnp.asarray(values), ends)
    where = f"{family.name} on curvatures from {readable(values.min(), 6)} to {readable(values.max(), 6)}"
    if not float(log_rate) < 0:
        raise PolyakError(f"no setting of {where} is known to shrink an error on all of them")
    lows, highs = [math.log(LEAST_LR), *(-math.inf for _ in ends)], [math.log(MOST_LR)]
    highs += [LACKS if high == WIDE else math.inf for _, high in ends]
    for name, place, low, high in zip(names, map(float, places), lows, highs, strict=True):
        if not low + BESIDE < place < high - BESIDE:
            raise PolyakError(f"the best {name} of {where} lies beyond what double precision can tell")
    with jax.enable_x64(True):
        settings = _settings(jnp.asarray(values), ends, *places)
    return dict(zip(names, map(float, settings), strict=True))


@partial(thoroughly, static=(2, 3))
def _worst_log_rate(
    rule: Optimizer, state: Pytree, kept: Kept, names: Names, values: jax.Array, settings: jax.Array
) -> jax.Array:
    """The logarithm of the worst rate over the curvatures (n,) of a member with settings (numbers,)."""
    member = dict(zip(names, settings, strict=True))
    per_curvature = lax.map(
        lambda value: spectrum.log_radius(steps_on(rule, state, kept, member, value), at_worst=True), values
    )
    worst = per_curvature.max(0)
    return jnp.where(jnp.isnan(worst), jnp.inf, worst)


def _settings(values: jax.Array, ends: Ends, log_lr: jax.Array, *places: jax.Array) -> jax.Array:
    """The settings at places of the search: log(lr L), and for a range (low, high) where in it."""
    others = [_setting(place, *end) for place, end in zip(places, ends, strict=True)]
    return jnp.stack([jnp.exp(log_lr) / values.max(), *others])


def _setting(place: jax.Array, low: float, high: float) -> jax.Array:
    return low - jnp.expm1(-place) * (1 - low) if high == WIDE else place


@partial(thoroughly, static=(2, 3, 5))
def _best(rule: Optimizer, state: Pytree, kept: Kept, names: Names, values: jax.Array, ends: Ends) -> Least:
    """The least worst logarithmic rate, and where it is: each place is searched for the best of those before it."""

    def best(*outer: jax.Array) -> Least:
        """The same where the places `outer`, the last ones, are given."""
        if len(outer) < len(ends):
            low, high = ends[len(ends) - 1 - len(outer)]
            low, high = (0.0, LACKS) if high == WIDE else (low, high)
            least, (here, inner) = _least(lambda place: best(place, *outer), low, high, POINTS, DIGITS)
            return least, (*inner, here)

        def worst(log_lr: jax.Array) -> Least:
            settings = _settings(values, ends, log_lr, *outer)
            return _worst_log_rate(rule, state, kept, names, values, settings), ()

        least, (log_lr, _) = _least(worst, math.log(LEAST_LR), math.log(MOST_LR), LRS, LR_DIGITS)
        return least, (log_lr,)

    return best()


def _least(
    f: Callable[[jax.Array], Least], low: float, high: float, points: int, digits: int
) -> tuple[jax.Array, tuple[jax.Array, tuple[jax.Array, ...]]]:
    """The least value of f between low and high, where it is, and what else f says there.

    A grid is laid between the neighbours of the best point of the one before, until rounding is all that is left.
    """

    def closer(_: int, now: Pytree) -> Pytree:
        low, high, *_ = now
        grid = low + (high - low) * jnp.linspace(0, 1, points)
        values, others = jax.vmap(f)(grid)
        at = values.argmin()
        least = values[at], (grid[at], jax.tree.map(lambda entries: entries[at], others))
        return grid[jnp.maximum(at - 1, 0)], grid[jnp.minimum(at + 1, points - 1)], least

    rounds = math.ceil(digits / math.log10((points - 1) / 2))
    ends = jnp.asarray(low, dtype=jnp.float64), jnp.asarray(high, dtype=jnp.float64)
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(f, ends[0]))
    begin = (*ends, (nothing[0], (ends[0], nothing[1])))
    least: tuple[jax.Array, tuple[jax.Array, tuple[jax.Array, ...]]]
    least = lax.fori_loop(0, rounds, closer, begin)[2]
    return least
