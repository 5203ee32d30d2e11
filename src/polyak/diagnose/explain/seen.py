"""What a cause is given: the records up to the step that is explained, and a little past it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.explain.moment import Moment
from polyak.diagnose.watch import Watched

Floats = NDArray[np.float64]

AFTER = 3  # readings after the step that still tell what happened at it
REACH = 60  # steps before it in which a change may be its cause, at least
MEMORIES = 3  # or so many memories of the momentum
SAME_SCALE = 1e-6  # relative: of rows in another order
TYPICAL = 12  # readings, or steps, of which a median says what was usual


@dataclass(frozen=True)
class Seen:
    """A training at the moment to be explained.

    Attributes:
        watched: all of the records.
        moment: the step, and what the loss was before it.
    """

    watched: Watched
    moment: Moment

    @property
    def step(self) -> int:
        """The step that is explained."""
        return self.moment.step

    @property
    def failed(self) -> bool:
        """Whether the loss rose there, or was not finite, or the user says that something is there."""
        return self.moment.kind != "none"

    @cached_property
    def reach(self) -> int:
        """How many steps before the moment a change may be its cause: some memories, or two readings."""
        memory = 1 / (1 - min(self.momentum, 0.999)) if math.isfinite(self.momentum) else 0
        return int(max(REACH, MEMORIES * memory, 2 * self.watched.facts.every))

    @cached_property
    def momentum(self) -> float:
        """At the moment; nan where it was not recorded."""
        return self.at("momentum")

    @cached_property
    def batch_size(self) -> float:
        """Rows of the batch at the moment; nan where that was not recorded."""
        return self.at("batch_size")

    @cached_property
    def all_rows(self) -> bool | None:
        """Whether the batches are all the rows; None where that is not known.

        A model that was given one batch of many has as many rows as it: batches of all rows have one mean size too.
        """
        rows, size = self.watched.facts.rows, self.batch_size
        if rows is None or math.isnan(size):
            return None
        scales = self.steps("batch_scale")
        scales = scales[np.isfinite(scales)][-TYPICAL:]
        return size >= rows and (not len(scales) or bool(np.ptp(scales) <= SAME_SCALE * np.max(scales)))

    def steps(self, name: str) -> Floats:
        """A column of the steps; empty where it is not recorded."""
        return np.asarray(self.watched.steps.get(name, np.empty(0)), dtype=np.float64)

    def readings(self, name: str) -> Floats:
        """A column of the readings; empty where it is not recorded."""
        return np.asarray(self.watched.readings.get(name, np.empty(0)), dtype=np.float64)

    def at(self, name: str, step: int | None = None) -> float:
        """A step's number at the moment or another step, or the last one before it; nan where there is none."""
        values, steps = self.steps(name), self.steps("step")
        if not len(values):
            return math.nan
        known = np.flatnonzero((steps <= (self.step if step is None else step)) & np.isfinite(values))
        return float(values[known[-1]]) if len(known) else math.nan

    def setting(self, name: str) -> float:
        """A setting of the optimizer at its start, by its name in the rule's words; nan where it has none."""
        value = self.watched.facts.settings.get(name)
        return float(value) if isinstance(value, int | float) else math.nan

    def read(
        self, name: str, *, after: int = 0, since: float = -math.inf
    ) -> tuple[NDArray[np.int64], Floats]:
        """A quantity's readings that are numbers, up to the moment, with their steps.

        Args:
            name: of the quantity.
            after: how many readings after the moment are taken too.
            since: the first step that counts.
        """
        values = self.readings(name)
        steps = self.readings("step")
        if not len(values):
            return np.empty(0, np.int64), values
        before = int(np.searchsorted(steps, self.step, side="right"))
        chosen = np.arange(len(steps)) < before + after
        finite = np.isfinite(values) if values.ndim == 1 else np.isfinite(values).any(axis=1)
        chosen &= finite & (steps >= since)
        return steps[chosen].astype(np.int64), values[chosen]

    def has(self, name: str) -> bool:
        """Whether a quantity was read as a number at any time."""
        values = self.readings(name)
        return bool(len(values)) and bool(np.isfinite(values).any())

    def changes(self, name: str, by: float) -> list[tuple[int, float, float]]:
        """Where a step's number changed by more than a factor, in reach of the moment: (step, before, after)."""
        values, steps = self.steps(name), self.steps("step")
        if not len(values):
            return []
        found = []
        for k in range(1, len(values)):
            old, new = values[k - 1], values[k]
            near = self.step - self.reach <= steps[k] <= self.step
            if near and np.isfinite([old, new]).all() and max(old, new) > by * max(min(old, new), 1e-30):
                found.append((int(steps[k]), float(old), float(new)))
        return found

    def events(self, kind: str) -> list[int]:
        """The steps in reach of the moment at which such an event was recorded."""
        return [
            event.step
            for event in self.watched.events
            if event.kind == kind and self.step - self.reach <= event.step <= self.step + 1
        ]

    @cached_property
    def falling(self) -> bool:
        """Whether the loss, though it did not rise, fell by a good part over what was recorded."""
        losses = self.losses[1]
        if len(losses) < TYPICAL:
            return True
        part = max(len(losses) // 5, 3)
        first, last = float(np.median(losses[:part])), float(np.median(losses[-part:]))
        return last < first - 0.2 * abs(first)

    @cached_property
    def losses(self) -> tuple[NDArray[np.int64], Floats]:
        """The losses with their steps: of each step where they were told, else of the readings."""
        return losses_of(self.watched)


def losses_of(watched: Watched) -> tuple[NDArray[np.int64], Floats]:
    """The losses of a training with their steps; of the readings where they were not told at each step."""
    steps, told = watched.steps["step"], watched.steps.get("loss", np.empty(0))
    known = np.isfinite(told)
    if known.any() and known.sum() >= len(watched.readings.get("step", ())) / 2:
        keep = ~np.isnan(told)
        if (broken := _broken_from(told)) is not None:
            keep[broken:] = True
        return steps[keep].astype(np.int64), told[keep].astype(np.float64)
    read = watched.readings.get("loss", np.empty(0))
    at = watched.readings.get("step", np.empty(0))
    norms = watched.readings.get("parameter_norm", np.full(len(at), np.nan))
    was = ~(
        np.isnan(read) & np.isfinite(norms)
    )  # where it was not read, the parameters are numbers none the less
    return at[was].astype(np.int64), np.asarray(read[was], dtype=np.float64)


def _broken_from(told: Floats) -> int | None:
    """The step from which on every loss is nan, where those before it were told at every step.

    A loss that was told as nan and one that was not told look alike: only what came before tells them apart.
    """
    known = np.flatnonzero(~np.isnan(told))
    if known[-1] + 1 >= len(told):
        return None
    gaps = np.diff(known[-20:])
    return int(known[-1] + 1) if not len(gaps) or gaps.max() == 1 else None


def usual(values: Floats) -> float:
    """The median of the last few; nan of none."""
    return float(np.median(values[-TYPICAL:])) if len(values) else math.nan
