r"""The edge of a typical run: the learning rate beyond which almost every run of mini-batches grows, sooner or later.

    z_{k+1} = (A + B e_x^T (x) H_k) z_k,    H_k = Z_k^T Z_k / b: the Hessian of the k-th batch

    exponent = lim log |z_k| / k,    the largest Lyapunov exponent: almost surely the same for every run

Below the exponent's zero almost every run shrinks. The mean may grow all the same, held up by ever rarer and ever
larger runs: then the spread of the losses has no mean that a number of runs would show, and heavy tails (Gurbuzbalaban,
Simsekli & Zhu 2021; Hodgkinson & Mahoney 2021). It is simulated, with batches that are the same for every learning
rate, so that the exponent is a smooth function of it; its interval is from run to run.

Source: Furstenberg, H. & Kesten, H. (1960), Products of random matrices, for the exponent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from polyak.ground.compiled import thoroughly
from polyak.ground.progress import Progress, silent
from polyak.theory.rows import Rows
from polyak.theory.step_map import StepMap

RUNS, STEPS = 64, 4000
SETTLING = 200  # steps before which the growth is of the start, not of the batches
DEVIATIONS = 1.96  # a 95 % interval of a mean
EXACT = 1e-3  # relative: far below what the interval leaves open
WIDEST = 64.0  # times the full batch's edge: beyond that it is not looked for
MOST_LOOKS = 40
MOSTLY_TRIED = 12


@dataclass(frozen=True)
class TypicalEdge:
    """Where a typical run begins to grow.

    Attributes:
        lr: the estimate; inf where nothing grew at any learning rate that was looked at.
        low: the lower end of its 95 % interval, from run to run.
        high: the upper end.
    """

    lr: float
    low: float
    high: float


def typical_edge(
    step_at: Callable[[float], StepMap],
    rows: Rows,
    batch_size: int,
    *,
    replace: bool,
    least: float,
    full_batch: float,
    progress: Progress | None = None,
) -> TypicalEdge:
    """The learning rate at which the largest Lyapunov exponent of the batches' products is 0.

    Args:
        step_at: the rule's step at a learning rate.
        rows: of the problem.
        batch_size: rows in a batch, each batch drawn anew.
        replace: whether its rows are drawn with replacement.
        least: the mean-square edge, below which every run shrinks.
        full_batch: the full batch's edge.
        progress: called with (learning rates tried, as many as are mostly tried).
    """
    told, tried = progress or silent, list[float]()
    if not replace and batch_size == len(rows.Z):
        return TypicalEdge(full_batch, full_batch, full_batch)

    def at(lr: float) -> tuple[float, float]:
        tried.append(lr)
        told(len(tried), max(MOSTLY_TRIED, len(tried)))
        exponents = _exponents(step_at(lr), rows, batch_size, replace=replace)
        return float(exponents.mean()), float(exponents.std(ddof=1) / math.sqrt(RUNS))

    low, high = least, 1.25 * least
    while at(high)[0] < 0:
        low, high = high, 1.25 * high
        if high > WIDEST * full_batch:
            return TypicalEdge(math.inf, low, math.inf)
    return _closed_in(at, low, high)


def _closed_in(at: Callable[[float], tuple[float, float]], low: float, high: float) -> TypicalEdge:
    """Where the exponent crosses 0 between two learning rates, with the interval that its deviation leaves."""
    ends = {lr: at(lr) for lr in (low, high)}
    for _ in range(MOST_LOOKS):
        slope = (ends[high][0] - ends[low][0]) / (high - low)
        lr = low - ends[low][0] / slope if slope > 0 else (low + high) / 2
        lr = min(max(lr, low + 0.02 * (high - low)), high - 0.02 * (high - low))
        ends[lr] = at(lr)
        low, high = (lr, high) if ends[lr][0] < 0 else (low, lr)
        if high - low <= EXACT * high or abs(ends[lr][0]) <= 0.05 * ends[lr][1]:
            break
    slope = (ends[high][0] - ends[low][0]) / (high - low)
    off = DEVIATIONS * ends[lr][1] / slope if slope > 0 else math.inf
    return TypicalEdge(lr, max(lr - off, 0.0), lr + off)


def _exponents(step: StepMap, rows: Rows, batch_size: int, *, replace: bool) -> NDArray[np.float64]:
    """The growth a step of each run, shape (runs,): the mean logarithm of what |z| is multiplied by."""
    with jax.enable_x64(True):
        given = (jnp.asarray(array) for array in (step.A, step.B, rows.Z))
        return np.asarray(_simulated(*given, batch_size, replace))


@partial(thoroughly, static=(3, 4))
def _simulated(A: jax.Array, B: jax.Array, Z: jax.Array, batch_size: int, replace: bool) -> jax.Array:
    n, k = Z.shape
    begun = jax.random.normal(jax.random.key(1), (RUNS, len(B), k), dtype=jnp.float64)

    def drawn(key: jax.Array) -> jax.Array:
        if replace:
            return jax.random.randint(key, (RUNS, batch_size), 0, n)
        # A batch without replacement: the rows of the smallest of n random numbers.
        return lax.top_k(jax.random.uniform(key, (RUNS, n)), batch_size)[1]

    def step(
        carry: tuple[jax.Array, jax.Array], number: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        z, grown = carry
        batch = Z[drawn(jax.random.fold_in(jax.random.key(0), number))]
        residual = jnp.einsum("rbk,rk->rb", batch, z[:, 0])
        g = jnp.einsum("rbk,rb->rk", batch, residual) / batch_size
        z = jnp.einsum("st,rtk->rsk", A, z) + B[:, None] * g[:, None]
        size = jnp.sqrt((z**2).sum((1, 2)))
        return (z / size[:, None, None], grown + jnp.where(number >= SETTLING, jnp.log(size), 0.0)), None

    carry = begun / jnp.sqrt((begun**2).sum((1, 2), keepdims=True)), jnp.zeros(RUNS)
    (_, grown), _ = lax.scan(step, carry, jnp.arange(STEPS))
    return grown / (STEPS - SETTLING)
