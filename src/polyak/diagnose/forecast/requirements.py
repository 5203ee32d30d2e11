"""What a forecast requires: of what it is asked, of the model, of some real steps, and of itself before it is said."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.pieces import Pieces
from polyak.diagnose.forecast.result import Forecast
from polyak.frameworks.bridge import Batch, Bridge, Vector
from polyak.frameworks.generators import remembered
from polyak.frameworks.reading import Part, Reading
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import as_float, readable
from polyak.theory.basis import as_numpy
from polyak.theory.model_subspace import by_name

SERVED = ("torch", "jax")
SAME_TO = 1e-6  # relative: two losses of one batch that differ by more draw random numbers


def largest_error(given: object) -> float:
    """The largest relative error that is said, over 0 and below 1."""
    try:
        value = np.nan if isinstance(given, bool | str) else as_float(given)
    except (TypeError, ValueError):
        value = np.nan
    if not 0 < value < 1:
        raise PolyakError(f"within is {given!r}, expected a number over 0 and below 1")
    return float(value)


def require_served(bridge: Bridge) -> None:
    """Refuse a model of a framework that no forecast is made for."""
    if bridge.framework not in SERVED:
        raise PolyakError(f"{bridge.name} is a model of {bridge.framework}, expected one of torch or JAX")


def require_still(bridge: Bridge) -> None:
    """Refuse a loss that draws random numbers, as dropout in train mode does."""
    losses = []
    for draws in (0, 1):
        back = remembered()
        try:
            for _ in range(draws):
                _draw()
            with bridge.on(bridge.first) as local:
                losses.append(local.loss)
        finally:
            back()
    if not abs(losses[0] - losses[1]) <= SAME_TO * abs(losses[0]):
        raise PolyakError(
            f"the loss of {bridge.name} draws random numbers (dropout, in train mode): expected eval mode, where the"
            " linearised network has one loss"
        )


def really_run(bridge: Bridge, read: Pieces, reading: Reading, x: Vector, steps: int) -> float:
    """The loss after so many real steps of an optimizer as it is, on the batches in the order they were read.

    The parameters lie in arrays of ours meanwhile, and so do the moments: there is nothing to be undone.
    """
    like = bridge.named(x)
    xs = [_vector(like, bridge, part) for part in reading.parts]
    states = [
        part.rule.init(v) if part.state is None else part.state
        for part, v in zip(reading.parts, xs, strict=True)
    ]
    for number in range(steps):
        with bridge.at(bridge.vector(by_name(bridge, reading.parts, xs))):
            g = bridge.named(_gradient(bridge, read.batches[number % len(read.batches)]))
        for i, part in enumerate(reading.parts):
            own = _vector(g, bridge, part) + part.pull * xs[i]
            moved, states[i] = part.rule.update(own, states[i], xs[i])
            xs[i] = xs[i] + np.asarray(moved, dtype=np.float64)
    with bridge.at(bridge.vector(by_name(bridge, reading.parts, xs))):
        return read.loss(bridge)


def require_near(real: float, there: float, steps: int, largest: float) -> float:
    """How far the linearised network is from so many real steps, relative; refuse more than the largest error."""
    off = abs(real - there) / abs(real) if np.isfinite(real) and real else np.inf
    if not off <= largest:
        raise PolyakError(
            f"no forecast: {steps} real steps of today's setting end at a loss of {readable(real)}, and the linearised "
            f"network says {readable(there)}: expected a later time in training, or a smaller lr"
        )
    return off


def require_half(found: Forecast) -> None:
    """Refuse a forecast of which fewer than half of the settings can be trusted to its end."""
    good, settings = int(np.isfinite(found.losses[:, -1]).sum()), len(found.lr)
    if 2 * good < settings:
        reach = found.horizon
        hint = f"half of them can up to step {reach}" if reach else "expected a later time in training"
        raise PolyakError(
            f"no forecast of {found.steps} steps: {good} of {settings} settings can be trusted that far within "
            f"{readable(100 * found.within, 3)} %; {hint}"
        )


def _draw() -> None:
    """Move the generators on."""
    import sys

    random.random()
    np.random.random()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.rand(1)


def _gradient(bridge: Bridge, batch: Batch) -> Vector:
    with bridge.on(batch) as local:
        return local.gradient()


def _vector(named: dict[str, NDArray[np.float64]], bridge: Bridge, part: Part) -> NDArray[np.float64]:
    return np.concatenate([as_numpy(named[bridge.names[place]]).ravel() for place in part.arrays])
