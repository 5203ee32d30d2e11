"""`pk.forecast`: the loss of the user's own training at other learning rates and momenta, without training it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.check import checked
from polyak.diagnose.forecast.edges import past_edges
from polyak.diagnose.forecast.linearised import Linearised, linearised
from polyak.diagnose.forecast.pieces import pieces
from polyak.diagnose.forecast.requirements import (
    largest_error,
    really_run,
    require_half,
    require_near,
    require_served,
    require_still,
)
from polyak.diagnose.forecast.result import Forecast
from polyak.diagnose.forecast.settings import settings_of
from polyak.diagnose.forecast.simulation import Order, as_read, shuffled, simulated
from polyak.diagnose.forecast.steps import Steps, known, start
from polyak.diagnose.forecast.steps import steps as steps_of
from polyak.frameworks.classify import reading_of
from polyak.ground.errors import PolyakError, a_or_an, whole_number
from polyak.ground.progress import Progress, silent
from polyak.ground.types import Pytree
from polyak.models import Model
from polyak.theory.motion import motion

REAL = 20  # steps that the forecast is held against
RECORDS = 50
WITHIN = 0.15
LEAST = (
    0.02  # the least error said where a loader shuffles: real trainings parted by as much from order to order
)


def forecast(
    model: Model,
    optimizer: object,
    steps: int = 200,
    *,
    lr: float | Iterable[float] | None = None,
    momentum: float | Iterable[float] | None = None,
    rows: int = 2048,
    directions: int = 24,
    within: float = WITHIN,
    seed: int = 0,
    state: Pytree = None,
    progress: Progress | None = None,
) -> Forecast:
    """The loss after so many more steps at other settings, by the network linearised near today's parameters.

    Args:
        model: what `model` makes, of torch or JAX.
        optimizer: the user's own, as it is, or a rule: see `stability`.
        steps: how far ahead, from 1.
        lr: learning rates, over 0; a quarter to four times today's by default.
        momentum: momenta (beta1 of an adaptive rule), from 0 to below 1, each with every learning rate; today's alone
            by default.
        rows: how many rows to read at least, where there are as many.
        directions: of the space, from 2.
        within: the largest relative error that is said, over 0 and below 1.
        seed: of the order of the batches, where the loader shuffles.
        state: of an Optax optimizer, which does not hold it.
        progress: called with (done, in all).

    Returns a Forecast: losses with their errors, nan where a setting cannot be trusted. Nothing of the user's is
    changed. Raises PolyakError where fewer than half of the settings can be trusted, where 20 real steps of today's
    setting end elsewhere, and for models, losses and optimizers that it cannot be said of.

    Source: Lee, J. et al. (2019). Wide neural networks of any depth evolve as linear models under gradient descent,
    equation 2, for the linearised network.

    >>> import jax.numpy as jnp, numpy as np, polyak as pk
    >>> rows = np.random.default_rng(0).normal(1.0, 1.0, (64, 2)).astype("float32")
    >>> def ahead(w, batch):
    ...     return batch @ w
    >>> def squares(outputs, batch):
    ...     return ((outputs - 3) ** 2).mean()
    >>> model = pk.model(squares, jnp.zeros(2), np.split(rows, 8), forward=ahead)
    >>> found = forecast(model, pk.HeavyBall(lr=0.01, momentum=0.5), 30, lr=[0.001, 0.01])
    >>> found.best.lr, found.horizon
    (0.01, 30)
    """
    if not isinstance(model, Model):
        raise PolyakError(
            f"a forecast is asked of {a_or_an(type(model).__name__)}, expected what pk.model(...) makes"
        )
    told, bridge = progress or silent, model.bridge
    last = whole_number("steps", steps, at_least=1, at_most=100_000)
    K = whole_number("directions", directions, at_least=2, at_most=256)
    count = whole_number("rows", rows, at_least=1)
    seed = whole_number("seed", seed, at_least=0)
    largest = largest_error(within)
    require_served(bridge)
    settings = settings_of(reading_of(optimizer, bridge, state), lr, momentum)
    require_still(bridge)
    read = pieces(bridge, count)
    moved = motion(settings.reading)
    begun = start(bridge, moved, known(settings.own))
    near = linearised(bridge, read, begun.root, begun.pull, begun.vectors, K, lambda a, b: told(a, 3 * b))
    gain = float(moved.gains[0][0])
    own_steps = steps_of(settings.own, known(settings.own), begun, near, gain)
    first = min(REAL, last)
    there = float(simulated(near, own_steps, as_read(read.counts), [first]).losses[0, 0])
    real = really_run(bridge, read, settings.reading, begun.x, first)
    off = require_near(real, there, first, largest)
    all_steps = steps_of(settings, known(settings), begun, near, gain)

    def order(number: int = 0) -> Order:
        return shuffled(read.counts, 2 * seed + number) if bridge.shuffles else as_read(read.counts)

    records = sorted({max(1, round(k)) for k in np.linspace(1, last, min(RECORDS, last))})
    ends, spread = _ends(near, all_steps, order, records, bridge.shuffles)
    found = checked(
        bridge, read, begun, near, all_steps, order, last, largest, lambda a, b: told(b + 2 * a, 3 * b)
    )
    errors = np.array([np.interp(records, found.at, _finite(row)) for row in found.errors]) + spread
    errors = np.where(np.isfinite(errors) & np.isfinite(ends), errors, np.inf)
    losses = np.where(np.maximum.accumulate(errors, 1) <= largest, ends, np.nan)
    result = Forecast(
        model=bridge.name,
        optimizer=settings.reading.label,
        lr=settings.lr,
        momentum=settings.momentum,
        at=np.array(records),
        losses=losses,
        errors=errors,
        past_edge=past_edges(near, all_steps, settings, read.batch_size, read.of or read.rows),
        today=near.today,
        within=largest,
        lowest=_lowest(ends[:, -1]),
        batch_size=read.batch_size,
        rows=read.rows,
        of=read.of,
        directions=near.directions,
        gradients=near.products + found.gradients + first * read.batch_size / read.rows + 3,
        check=off,
        steps=last,
    )
    require_half(result)
    return result


def _ends(
    near: Linearised, all_steps: Steps, order: Callable[[int], Order], records: Sequence[int], shuffles: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The losses, and by how much two orders of the batches part, relative: 0 where there is but one order."""
    ends = simulated(near, all_steps, order(0), records).losses
    if not shuffles:
        return ends, np.zeros(ends.shape)
    # The real training will have an order of its own.
    other = simulated(near, all_steps, order(1), records).losses
    with np.errstate(all="ignore"):
        return (ends + other) / 2, LEAST + np.abs(ends - other) / np.abs(ends)


def _finite(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is not known is very large, so that between it and a known one there is a number."""
    return np.where(np.isfinite(errors), errors, 1e30)


def _lowest(ends: NDArray[np.float64]) -> int:
    return int(np.argmin(np.where(np.isfinite(ends), ends, np.inf)))
