"""Over how many of a model's rows a curvature must be read, found by reading it over few of them first.

The top of a few rows' Hessian is too large: its direction was chosen where these rows are steep. Over rows that it was
not chosen on, the same direction q has on average at most the top of all rows, and the top of some rows on average at
least that:

    E[v^T H_other v] <= lambda_max(H) <= E[lambda_max(H_some)],    v the top direction of H_some

(the first since no direction is above the top, the second since the largest eigenvalue is convex: Jensen.) So their
difference is the bias at most, and it is measured. It falls about as a power of the rows between 1/2 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from polyak.frameworks.bridge import Batch, Bridge, Vector
from polyak.ground.errors import PolyakError
from polyak.theory.basis import as_numpy
from polyak.theory.model_hessian import Kind, ModelHessian

POWER = 1.2  # how many times more rows for a bias so many times smaller: 1 / POWER is the power
SHARE = 4  # of the rows that a top was read from, so many times fewer tell its bias


class Unseen(NamedTuple):
    """The curvature along a direction over rows that it was not chosen on; nan where there are none.

    Attributes:
        value: over all of them.
        error: its standard error, by how much the batches among them differ; nan of one batch.
        rows: how many.
    """

    value: float
    error: float
    rows: int


@dataclass
class Rows:
    """The batches that were taken from a model's loader so far.

    Attributes:
        bridge: to the model.
        used: what curvatures are read over.
        unused: what was taken beside.
        over: whether the loader has no more.
    """

    bridge: Bridge
    used: list[Batch] = field(default_factory=list)
    unused: list[Batch] = field(default_factory=list)
    over: bool = False

    def __post_init__(self) -> None:
        self._source: Iterator[Batch] = self.bridge.batches()

    @property
    def count(self) -> int:
        """How many rows are read over."""
        return sum(map(self.bridge.rows, self.used))

    @property
    def all(self) -> bool:
        """Whether these are all that there are."""
        return self.over and not self.unused

    def use(self, rows: float) -> None:
        """Read over so many at least, where there are as many."""
        while self.count < rows and (batch := self._next()) is not None:
            self.used.append(batch)
        if not self.used:
            raise PolyakError("the batches are empty, expected at least one")
        self.spare()

    def spare(self, rows: float = 1) -> int:
        """Have so many rows beside those that are read over, where there are as many: how many there are."""
        held = self.unused
        self.unused = []
        while sum(map(self.bridge.rows, held)) < rows and (batch := self._next()) is not None:
            held.append(batch)
        self.unused = held
        return sum(map(self.bridge.rows, held))

    def unseen(self, v: Vector, kind: Kind) -> Unseen:
        """The curvature along v, of norm 1, over rows that are not read over."""
        rows = self.spare(self.count / SHARE)
        if len(self.unused) == 1:  # of one batch alone nobody knows whether it is a lucky one
            rows = self.spare(rows + 1)
        if not rows:
            return Unseen(math.nan, math.nan, 0)
        weights = np.array([self.bridge.rows(batch) / rows for batch in self.unused])
        found = np.zeros(len(weights))
        for place, batch in enumerate(self.unused):
            with ModelHessian(self.bridge, [batch], kind) as H:
                found[place] = as_numpy(v) @ as_numpy(H @ v)
        mean, count = float(weights @ found), len(found)
        spread = (weights**2) @ (found - mean) ** 2 * count / (count - 1) if count > 1 else math.nan
        return Unseen(mean, float(np.sqrt(spread)), rows)

    def close(self) -> None:
        """End the reading."""
        if isinstance(self._source, Generator):
            self._source.close()

    def enough(self, bias: float, allowed: float) -> float:
        """How many rows it takes for the bias allowed, at twice these at least."""
        return float(self.count * max(2.0, (bias / allowed) ** POWER))

    def _next(self) -> Batch | None:
        if self.unused:
            return self.unused.pop(0)
        batch = None if self.over else next(self._source, None)
        self.over = batch is None
        return batch
