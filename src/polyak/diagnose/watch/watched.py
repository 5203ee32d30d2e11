"""What was seen of a training while it ran: a row for each step, a row for each reading, and what happened when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.facts import Event, Facts
from polyak.diagnose.watch.verdict import verdict
from polyak.run.result import Result

Rows = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Watched(Result):
    """A watched training, as far as it came.

    Attributes:
        facts: whose model and optimizer it was.
        steps: one number for each step: `step, lr, momentum, batch_size, loss` (nan where it was not told),
            `batch_scale` (the mean size of the batch's real numbers), `batch_finite` (1, or 0 where one was nan or
            infinite), `optimizer_step` (its own count; nan where it has none).
        readings: one number for each reading: `step, loss, sharpness_read` (of one batch), `sharpness` (its running
            mean), `edge` (the sharpness at which the rule's step begins to grow), `share` (the one over the other),
            `noise_growth` (of mini-batches: how noise breeds noise, at most; beyond 1 its expected square may grow),
            and what else each file of `quantities/` names; by layer of shape (readings, layers).
        events: in the order in which they happened.

    >>> Watched.open("no/such/run.zarr")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: no/such/run.zarr holds no watched training: expected the store of one
    """

    facts: Facts
    steps: Rows
    readings: Rows
    events: tuple[Event, ...]

    @classmethod
    def open(cls, store: str | Path) -> Watched:
        """What a store holds up to its last whole piece, while it is being written too.

        Args:
            store: a folder's name, or an address such as s3://bucket/run.zarr.

        Raises PolyakError where there is no watched training.
        """
        from polyak.diagnose.watch.store import opened

        return cls(*opened(store))

    @property
    def last_step(self) -> int:
        """The number of the last step seen; 0 before the first."""
        steps = self.steps["step"]
        return int(steps[-1]) if len(steps) else 0

    @property
    def warnings(self) -> tuple[Event, ...]:
        """What the watch warned of."""
        return tuple(event for event in self.events if event.kind == "warned")

    def reading(self, name: str) -> NDArray[np.float64]:
        """A quantity's readings, those that are numbers; empty where there is none.

        Shape (readings,), or (readings, layers).
        """
        values = self.readings.get(name, np.empty(0))
        return values[np.isfinite(values).reshape(len(values), -1).all(axis=1)] if len(values) else values

    def verdict(self) -> str:
        """One sentence: how much of the edge the lr uses, how the sharpness went, where ripples may begin."""
        return verdict(self.facts, self.steps, self.readings)

    def __str__(self) -> str:
        read = len(self.readings["step"])
        head = (
            f"{self.facts.model} of {self.facts.framework} with {self.facts.optimizer}:"
            f" {self.last_step:,} steps, {read:,} readings"
        )
        said = [str(event) for event in self.events if event.kind != "began"]
        return "\n".join([head, self.verdict(), *said])


def last(values: NDArray[np.float64]) -> float:
    """The last number of a column; nan of none.

    >>> last(np.array([1.0, np.nan, 3.0, np.nan])), last(np.array([np.nan]))
    (3.0, nan)
    """
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else math.nan
