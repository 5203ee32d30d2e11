"""What is forecast of a training at other settings, how far it may be off, and up to which step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.run.result import Result


@dataclass(frozen=True)
class Choice:
    """One setting.

    Attributes:
        lr: its learning rate.
        momentum: its momentum or beta1; nan of a rule without one.
        loss: its forecast after the last step.
        error: how far that may be off, relative.
    """

    lr: float
    momentum: float
    loss: float
    error: float


@dataclass(frozen=True, eq=False)
class Forecast(Result):
    """The loss at other settings, not trained: of the network linearised near today's parameters.

    Attributes:
        model: its name.
        optimizer: what it is called.
        lr, momentum: of each setting, shape (settings,); the momentum is nan of a rule without one.
        at: the steps that the losses stand after, shape (records,).
        losses: over the rows read, shape (settings, records); nan from where the error is over `within`.
        errors: how far each may be off, relative, shape (settings, records): measured on the real model along the
            predicted path, and by how much two orders of the batches part; an estimate and no bound.
        past_edge: which settings lie past their edge at this batch size, where ripples may begin, shape (settings,).
        today: the loss now.
        within: the largest error that is said.
        lowest: the index of the setting that is predicted lowest, whether or not its number is said.
        batch_size: rows in a batch.
        rows: over how many rows it was measured.
        of: how many there are; None where that is not known.
        directions: K, the dimension of the space.
        gradients: what was spent, in gradients over these rows.
        check: the error of today's setting after 20 real steps, relative.
        steps: how many were asked for.
    """

    model: str
    optimizer: str
    lr: NDArray[np.float64]
    momentum: NDArray[np.float64]
    at: NDArray[np.int64]
    losses: NDArray[np.float64]
    errors: NDArray[np.float64]
    past_edge: NDArray[np.bool_]
    today: float
    within: float
    lowest: int
    batch_size: int
    rows: int
    of: int | None
    directions: int
    gradients: float
    check: float
    steps: int

    @property
    def horizons(self) -> NDArray[np.int64]:
        """The last recorded step up to which each setting's loss is said; 0 where there is none."""
        said = np.isfinite(self.losses)
        return np.array([self.at[row][-1] if row.any() else 0 for row in said])

    @property
    def horizon(self) -> int:
        """The step up to which at least half of the settings are said."""
        return int(np.sort(self.horizons)[len(self.lr) // 2])

    @property
    def best(self) -> Choice | None:
        """The lowest loss after the last step; None where a setting whose number is not said may well be lower."""
        if not np.isfinite(self.losses[self.lowest, -1]):
            return None
        return self.choice(self.lowest)

    def choice(self, index: int) -> Choice:
        """One of the settings."""
        return Choice(
            float(self.lr[index]),
            float(self.momentum[index]),
            float(self.losses[index, -1]),
            float(self.errors[index, -1]),
        )

    def named(self, index: int) -> str:
        """A setting in words."""
        lr = f"lr {readable(self.lr[index])}"
        return lr if np.isnan(self.momentum[index]) else f"{lr}, momentum {readable(self.momentum[index])}"

    def words(self) -> list[str]:
        """A line for each setting, and what it is all true of."""
        return [*(self._line(index) for index in range(len(self.lr))), self._scope()]

    def _line(self, index: int) -> str:
        past = "; past its edge, where ripples may begin" if self.past_edge[index] else ""
        horizon = int(self.horizons[index])
        if horizon < self.steps:
            return f"{self.named(index)}: no forecast after step {horizon}{past}"
        return (
            f"{self.named(index)}: {readable(self.losses[index, -1])}, within about "
            f"{readable(100 * self.errors[index, -1], 2)} %{past}"
        )

    def _scope(self) -> str:
        return (
            f"It is the network linearised in {self.directions} directions with its own loss, over {self.rows:,} rows, "
            f"batches of {self.batch_size}; the errors were measured on the real model along each predicted path, and "
            f"are estimates. Today's setting was {readable(100 * self.check, 2)} % off after 20 real steps. "
            f"{readable(self.gradients, 3)} gradients over these rows were spent."
        )

    def __str__(self) -> str:
        said = int(np.isfinite(self.losses[:, -1]).sum())
        best = self.best
        picked = (
            f"lowest {readable(best.loss)} at {self.named(self.lowest)}"
            if best
            else f"none is named the best: {self.named(self.lowest)} may be lower, and cannot be trusted so far"
        )
        return (
            f"{self.model}, {self.optimizer}: the loss {readable(self.today)} in {self.steps} steps, {picked}; "
            f"{said} of {len(self.lr)} settings are said, half of them up to step {self.horizon}"
        )
