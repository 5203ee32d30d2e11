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

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.linearised import Linearised
from polyak.diagnose.forecast.pieces import Pieces
from polyak.diagnose.forecast.simulation import Order, Simulated, simulated, slope
from polyak.diagnose.forecast.steps import Start, Steps
from polyak.frameworks.bridge import Batch, Bridge, Vector
from polyak.frameworks.reading import Part, Reading
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

    def defect(number: int) -> NDArray[np.float64]:
        j = int(np.searchsorted(points, number))
        share = (number - points[j - 1]) / (points[j] - points[j - 1])
        return np.asarray((1 - share) * inside[j - 1] + share * inside[j])

    bent = simulated(near, all_steps, order(), at, places=at, defect=defect)
    gains = np.array([-gain_of(all_steps.step_map(s)) for s in range(S)])
    assumed = [slope(near, bent.at[step]) + inside[j + 1] for j, step in enumerate(at)]
    errors = np.zeros((S, len(points)))
    for s in range(S):
        beside: Vector = 0.0
        for j, step in enumerate(at):
            before = outside[j - 1][s] if j else 0.0
            beside = beside - (before + outside[j][s]) * float(gains[s] * (points[j + 1] - points[j]) / 2)
            c, said = bent.at[step][:, s], path.losses[s, j]
            known = np.isfinite(c).all() and np.isfinite([said, losses[s, j], gains[s]]).all() and said
            if errors[s, j] > within or not known:
                errors[s, j + 1] = np.inf
                continue
            inner = real.loss(near.along(c))
            both, g = real.gradient(near.along(c) + beside)
            again = g - near.along(assumed[j][:, s]) - outside[j][s]
            second = gains[s] * step / 3 * abs(float(as_numpy(g) @ as_numpy(again)))
            off = abs(said - losses[s, j]) + abs(losses[s, j] - inner) + abs(inner - both) + second
            errors[s, j + 1] = off / abs(said) if np.isfinite(off) else np.inf
        progress(S + s + 1, 2 * S)
    # An error does not shrink again on the way: where it seems to, two of its parts changed sign.
    return Checked(np.array(points), np.maximum.accumulate(errors, 1), real.spent)


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
        value = 0.0
        with self._bridge.at(self._x + self._root * y):
            for batch, size in zip(self._read.joined, self._read.sizes, strict=True):
                with self._bridge.on(batch) as local:
                    value += local.loss * size / self._read.rows
        return value


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
        with bridge.at(_joined(bridge, reading, xs)):
            g = bridge.named(_gradient(bridge, read.batches[number % len(read.batches)]))
        for i, part in enumerate(reading.parts):
            own = _vector(g, bridge, part) + part.pull * xs[i]
            moved, states[i] = part.rule.update(own, states[i], xs[i])
            xs[i] = xs[i] + np.asarray(moved, dtype=np.float64)
    value = 0.0
    with bridge.at(_joined(bridge, reading, xs)):
        for batch, size in zip(read.joined, read.sizes, strict=True):
            with bridge.on(batch) as local:
                value += local.loss * size / read.rows
    return value


def _gradient(bridge: Bridge, batch: Batch) -> Vector:
    with bridge.on(batch) as local:
        return local.gradient()


def _vector(named: dict[str, NDArray[np.float64]], bridge: Bridge, part: Part) -> NDArray[np.float64]:
    return np.concatenate([as_numpy(named[bridge.names[place]]).ravel() for place in part.arrays])


def _joined(bridge: Bridge, reading: Reading, vectors: Sequence[NDArray[np.float64]]) -> Vector:
    named: dict[str, NDArray[np.float64]] = {}
    for part, vector in zip(reading.parts, vectors, strict=True):
        start = 0
        for place in part.arrays:
            shape = bridge.shapes[place]
            stop = start + int(np.prod(shape, dtype=np.int64))
            named[bridge.names[place]] = vector[start:stop].reshape(shape)
            start = stop
    return bridge.vector(named)
