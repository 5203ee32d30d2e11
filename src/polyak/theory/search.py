"""The search for the least worst rate over a family's settings.

Each setting is searched on a grid that closes in on its best point, and at each of its values those before it are
searched again: the learning rate, by its logarithm, innermost. Nested so, a search finds the cusp of critical damping,
off which a search of all at once slides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from polyak.theory import spectrum
from polyak.theory.family import WIDE, Family, steps_on

LEAST_LR, MOST_LR = 1e-8, 1e6  # times 1/L: between these a learning rate is searched
LRS, POINTS = 33, 17  # of each grid of learning rates, and of each other setting
DIGITS = 14  # to which a setting is found, of the width of its range
NEAR_1 = 1 - 1e-9  # where a range stops short of 1


def worst_rate(found: Family, settings: Mapping[str, float], values: NDArray[np.float64]) -> float:
    """The worst rate over the curvatures of the member with these settings."""
    with jax.enable_x64(True):
        names = tuple(settings)
        numbers = jnp.array([[settings[name]] for name in names])
        kept = found.kept(names)
        rates = _worst_rates(found.rule, found.state, kept, names, jnp.asarray(values), numbers)
    return float(rates[0])


def best_settings(found: Family, values: NDArray[np.float64]) -> dict[str, float]:
    """The settings with the least worst rate over the curvatures, by name."""
    names = (found.lr, *found.others)
    ends = [(low, NEAR_1 if high == WIDE else high) for low, high in found.others.values()]
    with jax.enable_x64(True):
        settings = _best(found.rule, found.state, found.kept(names), names, jnp.asarray(values), tuple(ends))
    return dict(zip(names, map(float, settings), strict=True))


@partial(jax.jit, static_argnums=(2, 3))
def _worst_rates(rule: Any, state: Any, kept: Any, names: Any, values: Any, settings: Any) -> Any:
    """The worst rate over the curvatures (n,) of members with settings (numbers, cells): shape (cells,)."""
    members = dict(zip(names, settings, strict=True))
    per_curvature = lax.map(
        lambda value: spectrum.radius(steps_on(rule, state, kept, members, value)), values
    )
    return per_curvature.max(0)


@partial(jax.jit, static_argnums=(2, 3))
def _best(rule: Any, state: Any, kept: Any, names: Any, values: Any, ends: Any) -> Any:
    """The settings of the least worst rate: each is searched for the best of those before it."""

    def worst(log_lr: Any, *others: Any) -> Any:
        settings = jnp.stack([jnp.exp(log_lr), *others])[:, None]
        return _worst_rates(rule, state, kept, names, values, settings)[0]

    def best(*outer: Any) -> tuple[Any, tuple[Any, ...]]:
        """The least worst rate, and the best settings, where the settings `outer`, the last ones, are given."""
        if len(outer) < len(ends):
            low, high = ends[len(ends) - 1 - len(outer)]
            least, (here, inner) = _least(lambda value: best(value, *outer), low, high, POINTS)
            return least, (*inner, here)
        low, high = (math.log(end) - jnp.log(values.max()) for end in (LEAST_LR, MOST_LR))
        least, (log_lr, _) = _least(lambda log_lr: (worst(log_lr, *outer), ()), low, high, LRS)
        return least, (jnp.exp(log_lr),)

    return best()[1]


def _least(
    f: Callable[[Any], tuple[Any, Any]], low: Any, high: Any, points: int
) -> tuple[Any, tuple[Any, Any]]:
    """The least value of f between low and high, where it is, and what else f says there.

    A grid is laid between the neighbours of the best point of the one before, until rounding is all that is left.
    """

    def closer(_: Any, now: Any) -> Any:
        low, high, *_ = now
        grid = low + (high - low) * jnp.linspace(0, 1, points)
        values, others = jax.vmap(f)(grid)
        at = values.argmin()
        found = values[at], (grid[at], jax.tree.map(lambda entries: entries[at], others))
        return grid[jnp.maximum(at - 1, 0)], grid[jnp.minimum(at + 1, points - 1)], found

    rounds = math.ceil(DIGITS / math.log10((points - 1) / 2))
    ends = jnp.asarray(low, dtype=jnp.float64), jnp.asarray(high, dtype=jnp.float64)
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(f, ends[0]))
    begin = (*ends, (nothing[0], (ends[0], nothing[1])))
    found: tuple[Any, tuple[Any, Any]] = lax.fori_loop(0, rounds, closer, begin)[2]
    return found
