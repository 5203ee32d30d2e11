r"""How far a forecast is off, measured on the real model along each setting's own predicted path.

At a predicted place y_m(t) the real gradient differs from the linearised network's by the defect e(t), part of it in
the K directions and part out of them. What the real path does otherwise follows from it, to first order:

    delta' = -(step of) (e(t) + H delta),    e(t) = P^{1/2} g(x(t)) - V gamma(t)

Within the directions it is simulated once more with e added to each gradient; out of them it is summed up, with the
curvature taken as 0. The error said is a sum, over what is forecast, in which nothing cancels: the differences of the
losses of the linearised network from the real one at the same place, of that from the place corrected within the
directions, and of this from the one corrected out of them too; and what a second correction would change, by the real
gradient g* at the corrected place and its defect e* from the gradient that the correction went by, with e* growing as
the square of the step,

    gain t/3 |P^{1/2} g* . e*|

The last tells a path that is leaving a flat place, where the first three are small and the real loss soon falls fast.

Source: the defect of an approximate solution, Stetter, H. (1978). The defect correction principle, Numer. Math. 29.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.linearised import Linearised
from polyak.diagnose.forecast.pieces import Pieces
from polyak.diagnose.forecast.simulation import Order, Simulated, simulated, slope
from polyak.diagnose.forecast.steps import Start, Steps
from polyak.frameworks.bridge import Bridge, Vector
from polyak.ground.limits import check_memory
from polyak.ground.progress import Progress
from polyak.theory.basis import as_numpy, at_home
from polyak.theory.held import gain_of

PLACES = (0.4, 1.0)  # of the way


@dataclass(frozen=True, eq=False)
class Checked:
    """The errors, relative to what is forecast.

    Attributes:
        at: the steps at which they were found, the first 0.
        errors: shape (settings, places); inf where nothing can be said.
        gradients: of all rows read, spent; a loss counts as a third of one.
    """

    at: NDArray[np.int64]
    errors: NDArray[np.float64]
    gradients: float


def checked(
    bridge: Bridge,
    read: Pieces,
    begun: Start,
    near: Linearised,
    all_steps: Steps,
    order: Callable[[], Order],
    last: int,
    within: float,
    progress: Progress,
) -> Checked:
    """The error of each setting at some places of the way, as long as it is not over `within`."""
    S = len(all_steps.A)
    at = sorted({max(1, round(last * share)) for share in PLACES})
    check_memory("what the gradients are off by", 8 * 2 * S * bridge.size)
    path = simulated(near, all_steps, order(), at, places=at)
    real = _Real(bridge, read, begun)
    inside, outside, losses = _defects(real, near, path, at, progress)
    points = [0, *at]
    bent = simulated(near, all_steps, order(), at, places=at, defect=_between(points, inside))
    gains = np.array([-gain_of(all_steps.step_map(s)) for s in range(S)])
    assumed = [slope(near, bent.at[step]) + inside[j + 1] for j, step in enumerate(at)]
    errors = np.zeros((S, len(points)))
    for s in range(S):
        besides = _summed([each[s] for each in outside], points, gains[s])
        for j, (step, beside) in enumerate(zip(at, besides, strict=True)):
            c, said, there = bent.at[step][:, s], path.losses[s, j], losses[s, j]
            known = np.isfinite([*c, said, there, gains[s]]).all() and said
            if errors[s, j] > within or not known:
                errors[s, j + 1] = np.inf
                continue
            by = (assumed[j][:, s], outside[j][s])
            errors[s, j + 1] = _error(real, near, c, beside, by, said, there, gains[s] * step / 3)
        progress(S + s + 1, 2 * S)
    # An error does not shrink again on the way: where it seems to, two of its parts changed sign.
    return Checked(np.array(points), np.maximum.accumulate(errors, 1), real.spent)


def _between(
    points: Sequence[int], values: Sequence[NDArray[np.float64]]
) -> Callable[[int], NDArray[np.float64]]:
    """Of a step's number: a straight line from each point's value to the next one's."""

    def at(number: int) -> NDArray[np.float64]:
        j = int(np.searchsorted(points, number))
        share = (number - points[j - 1]) / (points[j] - points[j - 1])
        return np.asarray((1 - share) * values[j - 1] + share * values[j])

    return at


def _summed(outside: Sequence[Vector], points: Sequence[int], gain: float) -> Iterator[Vector]:
    """How far a setting has moved out of the directions at each place: by trapezoids, with the curvature as 0."""
    beside: Vector = 0.0
    before: Vector = 0.0
    for j, here in enumerate(outside):
        beside = beside - (before + here) * float(gain * (points[j + 1] - points[j]) / 2)
        before = here
        yield beside


def _error(
    real: _Real,
    near: Linearised,
    c: NDArray[np.float64],
    beside: Vector,
    by: tuple[NDArray[np.float64], Vector],
    said: float,
    there: float,
    reach: float,
) -> float:
    """The relative error at a place.

    Args:
        real: the model.
        near: the network, linearised.
        c: the place corrected within the directions.
        beside: how far it is corrected out of them.
        by: the gradient that the correction went by, in the directions and out of them.
        said: the loss that is forecast.
        there: the real one at the predicted place.
        reach: gain t/3.
    """
    inner = real.loss(near.along(c))
    both, g = real.gradient(near.along(c) + beside)
    again = g - near.along(by[0]) - by[1]
    second = reach * abs(float(as_numpy(g) @ as_numpy(again)))
    off = abs(said - there) + abs(there - inner) + abs(inner - both) + second
    return off / abs(said) if np.isfinite(off) else np.inf


def _defects(
    real: _Real, near: Linearised, path: Simulated, at: Sequence[int], progress: Progress
) -> tuple[list[NDArray[np.float64]], list[list[Vector]], NDArray[np.float64]]:
    """Of each place: e in the directions, e out of them, and the real losses, shape (settings, places)."""
    K, S = near.directions, path.c.shape[1]
    inside, outside = [np.zeros((K, S))], []
    losses = np.full((S, len(at)), np.nan)
    for j, step in enumerate(at):
        c = path.at[step]
        model, found, beside = slope(near, c), np.zeros((K, S)), []
        for s in range(S):
            if not np.isfinite(c[:, s]).all():
                beside.append(0.0)
                found[:, s] = np.nan
                continue
            losses[s, j], g = real.gradient(near.along(c[:, s]))
            own = near.coordinates(g)
            found[:, s] = own - model[:, s]
            beside.append(g - near.along(own))
        inside.append(found)
        outside.append(beside)
        progress((j + 1) * S // len(at), 2 * S)
    return inside, outside, losses


class _Real:
    """The model itself at y, over all rows that are read."""

    def __init__(self, bridge: Bridge, read: Pieces, begun: Start) -> None:
        self._bridge, self._read = bridge, read
        self._root, self._x = at_home(begun.root), at_home(begun.x)
        self.spent = 0.0

    def gradient(self, y: Vector) -> tuple[float, Vector]:
        """The loss and P^{1/2} g."""
        self.spent += 1
        value, total = 0.0, None
        with self._bridge.at(self._x + self._root * y):
            for batch, size in zip(self._read.joined, self._read.sizes, strict=True):
                with self._bridge.on(batch) as local:
                    share = size / self._read.rows
                    part = at_home(local.gradient()) * share
                    value += local.loss * share
                total = part if total is None else total + part
        return value, self._root * total

    def loss(self, y: Vector) -> float:
        """The loss alone."""
        self.spent += 1 / 3
        with self._bridge.at(self._x + self._root * y):
            return self._read.loss(self._bridge)
