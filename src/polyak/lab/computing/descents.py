"""The numbers of the trace: where each rule goes, cut to the window, and its value, distance and velocity."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from polyak.lab.kinds import Kind
from polyak.lab.offer import Offer
from polyak.lab.state import State, Value
from polyak.landscapes import Landscape
from polyak.rules.protocol import Optimizer
from polyak.run import Trace, descend

Ends = tuple[tuple[float, float], tuple[float, float]]
Columns = dict[str, NDArray[np.float64]]

MARGIN = 0.06  # of the landscape's own window, on each side
MOST_GROWTH = 1.0  # a window grows to hold its paths, by up to this many times its own size on each side
CELLS = 120
LEVELS = 12
SMALLEST, LARGEST = 1e-30, 1e30  # what a curve shows; beyond, a browser's axes lose their numbers

_lock = threading.Lock()
_seen: WeakKeyDictionary[Kind, set[tuple[object, ...]]] = WeakKeyDictionary()  # what was compiled


@dataclass(frozen=True, eq=False)
class Contours:
    """A landscape over its window: values of shape (CELLS, CELLS), rows along x2, and the levels to draw."""

    x1: NDArray[np.float64]
    x2: NDArray[np.float64]
    values: NDArray[np.float64]
    levels: NDArray[np.float64]


def trace_of(rule: Optimizer, landscape: Landscape, start: tuple[float, float], steps: int) -> Trace:
    """One descent: `polyak.descend`."""
    return descend(rule, landscape, steps, start=start)


class Descent(NamedTuple):
    """One rule on one landscape: all that its trace depends on, by what each is, not by its name."""

    kind: Kind
    settings: tuple[tuple[str, Value], ...]
    landscape: Landscape
    start: tuple[float, float]
    steps: int

    @property
    def _compilation(self) -> tuple[object, ...]:
        """What is compiled anew when it changes: numbers are not."""
        words = tuple(pair for pair in self.settings if isinstance(pair[1], str | bool))
        return words, self.landscape, (self.steps - 1).bit_length()

    @property
    def compiled(self) -> bool:
        """Whether a trace of this rule, on this landscape, of about as many steps, was computed before."""
        with _lock:
            return self._compilation in _seen.get(self.kind, ())

    def trace(self) -> Trace:
        """Compute it, and remember that it was."""
        trace = trace_of(self.kind.rule(dict(self.settings)), self.landscape, self.start, self.steps)
        with _lock:
            _seen.setdefault(self.kind, set()).add(self._compilation)
        return trace


def descents_of(state: State, offer: Offer) -> list[Descent]:
    """What a state descends: one for each rule."""
    place = offer.landscapes[state.landscape], state.start, state.steps
    return [Descent(offer.kind(c.rule), tuple(c.settings.items()), *place) for c in state.rules]


def window(
    landscape: Landscape, start: tuple[float, float], paths: Sequence[NDArray[np.floating[Any]]] = ()
) -> Ends:
    """What is drawn of the plane: the landscape's window, grown to hold the start, and the paths as far as is sensible.

    It grows by quarters of its width, so that it stands still while a path changes a little.
    """
    visited = np.concatenate(list(paths)) if paths else np.empty((0, 2))
    ends = []
    for axis, (low, high) in enumerate(landscape.window):
        width, at = high - low, visited[:, axis]
        with np.errstate(invalid="ignore"):
            near = at[(at > low - MOST_GROWTH * width) & (at < high + MOST_GROWTH * width)]
        least, most = min([start[axis], *_ends(near)]), max([start[axis], *_ends(near)])
        quarter = width / 4
        below, above = math.ceil((low - least) / quarter), math.ceil((most - high) / quarter)
        margin = MARGIN * width
        ends.append((low - margin - max(below, 0) * quarter, high + margin + max(above, 0) * quarter))
    return ends[0], ends[1]


def around(first: Ends, second: Ends) -> Ends:
    """The smallest window that holds two."""
    (a, b), (c, d) = zip(first, second, strict=True)
    return (min(a[0], b[0]), max(a[1], b[1])), (min(c[0], d[0]), max(c[1], d[1]))


def _ends(values: NDArray[np.floating[Any]]) -> list[float]:
    return [float(values.min()), float(values.max())] if len(values) else []


@lru_cache(maxsize=64)
def contours(landscape: Landscape, ends: Ends) -> Contours:
    """The landscape's values over a window; levels spaced by the square, which show the valley as well as the walls."""
    x1, x2 = (np.linspace(low, high, CELLS) for low, high in ends)
    values = landscape(np.stack(np.meshgrid(x1, x2), axis=-1))
    with np.errstate(invalid="ignore"):
        values = np.where(np.abs(values) < LARGEST, values, np.nan)
    if not np.isfinite(values).any():
        values = np.zeros_like(values)
    low, high = np.nanmin(values), np.nanmax(values)
    if not high - low > 1e-9 * max(abs(high), abs(low)):
        low, high = low - 1.0, high + 1.0
    levels = low + (high - low) * np.linspace(0.0, 1.0, LEVELS) ** 2.2
    return Contours(x1, x2, values, levels)


def columns(trace: Trace, ends: Ends, floor: float | None) -> Columns:
    """What is drawn of a trace, a row for each step.

    `x1` and `x2` are cut where the trace leaves the window; `value` is f less `floor`, or f itself where there is none
    (logarithmic and plain); `distance` is to the nearest minimiser; `velocity` the length of the step that led here.
    """
    x = np.asarray(trace.positions, dtype=np.float64)
    with np.errstate(all="ignore"):
        velocity = np.append(np.nan, np.linalg.norm(np.diff(x, axis=0), axis=1))
        distance = trace.distances
    path = cut(x, ends)
    value = np.asarray(trace.values, dtype=np.float64)
    return {
        "step": np.arange(len(x), dtype=np.float64),
        "x1": path[:, 0],
        "x2": path[:, 1],
        "value": positive(value - floor) if floor is not None else finite(value),
        "distance": positive(distance),
        "velocity": positive(velocity),
    }


def cut(x: NDArray[np.float64], ends: Ends) -> NDArray[np.float64]:
    """Positions up to the border that they first cross, where the last lies on the border; nan from there on."""
    low, high = np.array([end[0] for end in ends]), np.array([end[1] for end in ends])
    outside = ~((x >= low) & (x <= high)).all(axis=1)
    path = x.copy()
    if not outside.any():
        return path
    first = int(np.argmax(outside))
    path[first:] = np.nan
    if first and np.isfinite(x[first]).all():
        step = x[first] - x[first - 1]
        with np.errstate(all="ignore"):
            to_border = np.where(step > 0, high - x[first - 1], low - x[first - 1]) / step
        path[first] = x[first - 1] + float(np.nanmin(np.where(step == 0, np.inf, to_border))) * step
    return path


def positive(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve for a logarithmic axis: nan where it is not positive, or beyond what can be drawn."""
    with np.errstate(invalid="ignore"):
        return np.where((curve > SMALLEST) & (curve < LARGEST), curve, np.nan)


def finite(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve for a plain axis, nan beyond what can be drawn."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(curve) < LARGEST, curve, np.nan)


def floor_of(landscape: Landscape) -> float | None:
    """The least value known, that of the minimisers; None where none is known, and f may fall without end."""
    return float(landscape(landscape.minimisers[0])) if landscape.minimisers else None
