"""Which rows each mini-batch holds: drawn from the seed on the host, so that JAX's version changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.problems.first_parameters import parameter_generator

__all__ = ["Indices", "Plan", "parameter_generator"]

Indices = NDArray[np.int32]


@dataclass(frozen=True)
class Plan:
    """How an epoch of `rows` rows is cut into batches, and after which of them the loss is recorded.

    An epoch is `records` records of `steps_per_record` full batches, then the rest: `rest` full batches
    and a last one of `last` rows (0 if the rows divide evenly). After a rest the loss is recorded too, so
    that the last record of an epoch is always its end.

    >>> Plan.of(rows=1503, batch_size=10, every=100)
    Plan(rows=1503, batch_size=10, records=15, steps_per_record=10, rest=0, last=3)
    """

    rows: int
    batch_size: int
    records: int
    steps_per_record: int
    rest: int
    last: int

    @classmethod
    def of(cls, *, rows: int, batch_size: int, every: int, replace: bool = False) -> Plan:
        """The plan for recording every `every` rows; drawn with replacement, all batches are full."""
        full, last = divmod(rows, batch_size)
        if replace:
            full, last = full + (last > 0), 0
        steps = max(1, round(every / batch_size))
        return cls(rows, batch_size, full // steps, steps, full % steps, last)

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return self.records * self.steps_per_record + self.rest + (self.last > 0)

    @property
    def recorded_steps(self) -> NDArray[np.int64]:
        """The batches of an epoch after which the loss is recorded, counted from 1."""
        regular = np.arange(1, self.records + 1) * self.steps_per_record
        return np.append(regular, self.steps) if self.rest or self.last else regular

    def rows_seen(self, epochs: int) -> NDArray[np.int64]:
        """How many rows were seen at each record, from 0 before the first step."""
        in_epoch = np.minimum(self.recorded_steps * self.batch_size, self._rows_an_epoch)
        return np.append(0, (np.arange(epochs)[:, None] * self._rows_an_epoch + in_epoch).ravel())

    def steps_taken(self, epochs: int) -> NDArray[np.int64]:
        """How many batches were seen at each record, from 0 before the first."""
        return np.append(0, (np.arange(epochs)[:, None] * self.steps + self.recorded_steps).ravel())

    @property
    def _rows_an_epoch(self) -> int:
        return (self.steps - (self.last > 0)) * self.batch_size + self.last

    def cut(self, rows: Indices) -> tuple[Indices, Indices, Indices]:
        """Rows in their order, shape (..., rows), as records, rest and last: each (..., records, steps, batch)."""
        lead = rows.shape[:-1]
        body = self.records * self.steps_per_record * self.batch_size
        end = body + self.rest * self.batch_size
        return (
            rows[..., :body].reshape(*lead, self.records, self.steps_per_record, self.batch_size),
            rows[..., body:end].reshape(*lead, min(self.rest, 1), self.rest, self.batch_size),
            rows[..., end:].reshape(*lead, min(self.last, 1), 1, self.last),
        )

    def draw(self, seed: int, epoch: int, *, replace: bool = False) -> Indices:
        """The order of one epoch's rows: a permutation, or as many drawn with replacement."""
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, epoch)))
        if replace:
            return generator.integers(self.rows, size=self._rows_an_epoch, dtype=np.int32)
        return generator.permutation(self.rows).astype(np.int32)
