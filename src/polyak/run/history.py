"""The losses of one training, over one seed or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import unknown
from polyak.ground.extras import need
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.ground.version import __version__
from polyak.problems import Task
from polyak.rules import Optimizer
from polyak.run.result import Result, first_not_finite

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class History(Result):
    """How the loss over all the data fell while a rule trained.

    Attributes:
        rule: the rule with its settings.
        problem: what was trained.
        batch_size: rows in a mini-batch.
        seeds: the seeds, one a run.
        rows_seen: how many rows each run had seen at each record, shape (records,), from 0.
        steps_taken: how many steps it had taken by then, shape (records,).
        losses: the loss over all the data, shape (seeds, records).
        params: the last parameters, a pytree whose arrays have a leading axis of seeds.
        state: the rule's last state, likewise.
        seconds: wall time of the training, compilation included where the shapes were new.
        held_out_losses: the loss over the rows held out, shape (seeds, records); None where none are.
        measure: the name of what was measured besides; empty for nothing.
        measures: its values over the rows held out, or over all where none are, shape (seeds, records); or None.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> history = pk.train(pk.HeavyBall(lr=0.01, momentum=0.5), problem, epochs=2, seeds=3)
    >>> history.losses.shape
    (3, 11)
    """

    rule: Optimizer
    problem: Task
    batch_size: int
    seeds: tuple[int, ...]
    rows_seen: NDArray[np.int64]
    steps_taken: NDArray[np.int64]
    losses: NDArray[np.floating[Any]]
    params: Pytree
    state: Pytree
    seconds: float
    held_out_losses: NDArray[np.floating[Any]] | None = None
    measure: str = ""
    measures: NDArray[np.floating[Any]] | None = None

    @property
    def epochs(self) -> NDArray[np.float64]:
        """The records' places in epochs, shape (records,)."""
        return self.rows_seen / self.problem.data.rows

    @property
    def final_losses(self) -> NDArray[np.floating[Any]]:
        """The last loss of each run, shape (seeds,)."""
        return np.asarray(self.losses[:, -1])

    def seen(self, name: str) -> NDArray[np.floating[Any]]:
        """What was seen under a name, shape (seeds, records): loss, held_out_loss, or the measure's own."""
        known = {"loss": self.losses, "held_out_loss": self.held_out_losses, self.measure: self.measures}
        found = {name: series for name, series in known.items() if series is not None}
        if name not in found:
            raise unknown("quantity of a training", name, found)
        return found[name]

    @property
    def judged(self) -> NDArray[np.floating[Any]]:
        """What a run is judged by at each record: the loss over the rows held out, over all where none are."""
        return self.losses if self.held_out_losses is None else self.held_out_losses

    @property
    def diverged_at(self) -> tuple[int | None, ...]:
        """For each run, the step of the first record whose loss is not finite; None if all are."""
        records = [first_not_finite(losses) for losses in self.losses]
        return tuple(None if record is None else int(self.steps_taken[record]) for record in records)

    @property
    def rose(self) -> tuple[bool, ...]:
        """For each run, whether it ended above the loss that it began with, every loss of it finite."""
        ended = zip(self.losses[:, 0], self.final_losses, self.diverged_at, strict=True)
        return tuple(bool(last > first and step is None) for first, last, step in ended)

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with dimensions seed and record."""
        need("xarray", what="to_xarray", extra="sweep")
        import xarray as xr

        attrs: dict[str, Any] = {
            "rule": str(self.rule),
            "target": self.problem.name,
            "data": self.problem.data.name,
            "batch_size": self.batch_size,
            "dtype": str(self.losses.dtype),
            "version": __version__,
        }
        diverged_at = [-1 if step is None else step for step in self.diverged_at]
        dims, kept = ("seed", "record"), self.problem.held_out_rows()
        trained = "loss over all the rows trained on" if kept else "loss over all the data"
        beside: dict[str, Any] = {}
        if self.held_out_losses is not None:
            attrs["held_out_rows"] = kept
            beside["held_out_loss"] = (
                dims,
                self.held_out_losses,
                {"long_name": f"loss over {kept} rows held out"},
            )
        if self.measures is not None:
            beside[self.measure] = dims, self.measures, {"long_name": self.measure.replace("_", " ")}
        return xr.Dataset(
            {
                "loss": (dims, self.losses, {"long_name": trained}),
                **beside,
                "diverged_at": ("seed", diverged_at, {"long_name": "first diverged step, -1 for none"}),
            },
            {
                "seed": list(self.seeds),
                "epoch": ("record", self.epochs, {"units": "epochs"}),
                "step": ("record", self.steps_taken),
            },
            attrs,
        )

    def __str__(self) -> str:
        diverged = sum(step is not None for step in self.diverged_at)
        if diverged:
            end = f"{diverged} of {len(self.seeds)} runs diverged"
        elif len(self.seeds) == 1:
            end = f"loss {readable(self.final_losses[0], 6, places=6)}"
        else:
            ends = np.quantile(self.final_losses, [0, 0.5, 1])
            low, middle, high = (readable(loss, 6, places=6) for loss in ends)
            end = f"median loss {middle} ({low} to {high} over {len(self.seeds)} seeds)"
        if rose := sum(self.rose):
            end += (
                ", above its start" if len(self.seeds) == 1 else f", {rose} of them ended above their start"
            )
        end += self._beside()
        task = f"{self.problem.data.name}, {self.problem.name}"
        return f"{self.rule} on {task}, batch {self.batch_size}, {readable(self.epochs[-1], 6)} epochs: {end}"

    def _beside(self) -> str:
        """What was seen besides the loss at the end, in words."""
        said = []
        kept = self.problem.held_out_rows()
        middle = "" if len(self.seeds) == 1 else "median "
        if self.held_out_losses is not None:
            said.append(f"{middle}{_middle(self.held_out_losses)} on {kept} rows held out")
        if self.measures is not None:
            of = "" if kept else " of all rows"
            said.append(f"{middle}{self.measure.replace('_', ' ')}{of} {_middle(self.measures)}")
        return "".join(f"; {words}" for words in said)


def _middle(values: NDArray[np.floating[Any]]) -> str:
    """The median of the runs at the end."""
    return readable(float(np.median(values[:, -1])), 6, places=6)
