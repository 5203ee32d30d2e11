"""The result of a comparison of rules, and the protocol it was made by, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polyak.ground.numbers import readable
from polyak.ground.shown import Shown, table
from polyak.problems import Problem
from polyak.run.history import History
from polyak.run.result import Result
from polyak.sweeps.search_space import SearchSpace

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Entry(Shown):
    """One rule in a comparison.

    Attributes:
        name: the rule's name, numbered where two are of one name.
        space: the rule on the ranges that it was tuned over.
        settings: the best of them, by the median over the tuning seeds.
        edges: on which ends of its ranges the best lies.
        tuned: the median loss of every cell over the tuning seeds, ascending, inf where it diverged.
        history: the best settings trained with the judging seeds.
        median: of those last losses.
        interval: a bootstrap interval of it; None with fewer than three seeds.
        near: the share of its cells within a tenth of its best one: how little its setting matters.
        diverged: the share of its cells that diverged.
        seconds_a_step: of one run, the judging seeds side by side, compilation not counted.
    """

    name: str
    space: SearchSpace
    settings: dict[str, float]
    edges: dict[str, str]
    tuned: np.ndarray
    history: History
    median: float
    interval: tuple[float, float] | None
    near: float
    diverged: float
    seconds_a_step: float


@dataclass(frozen=True, eq=False)
class Comparison(Result):
    """Rules compared on one problem, the best first.

    Attributes:
        entries: a rule each, by the median loss on the judging seeds.
        problem: what they trained.
        budget: cells that each was tuned with.
        tuning_seeds: that each setting was tuned by.
        judging_seeds: that the tuned rules were judged by, none of the others among them.
        epochs: of every training.
        batch_size: of every training.
        sweeps: every cell of the tuning, a Dataset for each rule.
    """

    entries: tuple[Entry, ...]
    problem: Problem
    budget: int
    tuning_seeds: tuple[int, ...]
    judging_seeds: tuple[int, ...]
    epochs: int
    batch_size: int
    sweeps: xr.DataTree

    HEADER = (
        "rule",
        "best settings",
        "median loss",
        "95 % interval",
        "within 10 % of its best",
        "diverged",
        "us a step",
    )

    def rows(self) -> list[list[str]]:
        """The table's cells as text, under `HEADER`."""
        return [
            [
                entry.name,
                ", ".join(f"{name}={readable(value, 3)}" for name, value in entry.settings.items())
                + ("" if not entry.edges else " (edge)"),
                readable(entry.median, 5),
                ""
                if entry.interval is None
                else f"{readable(entry.interval[0], 5)} to {readable(entry.interval[1], 5)}",
                f"{entry.near:.0%}",
                f"{entry.diverged:.0%}",
                readable(1e6 * entry.seconds_a_step, 2),
            ]
            for entry in self.entries
        ]

    def _table(self) -> str:
        return table(self.rows(), list(self.HEADER))

    def protocol(self) -> str:
        """How it was done, in words."""
        data = self.problem.data
        ranges = "; ".join(
            f"{entry.name}: {', '.join(f'{name} {axis.spelled()}' for name, axis in entry.space.axes.items())}"
            for entry in self.entries
        )
        edges = [entry.name for entry in self.entries if entry.edges]
        warning = f" The best of {', '.join(edges)} lies on the edge of its range." if edges else ""
        return (
            f"Each rule trained {self.problem.name} on {data.name} ({data.rows} rows) for {self.epochs} epochs in "
            f"batches of {self.batch_size}, with {self.budget} settings drawn as a Latin hypercube over its own ranges "
            f"({ranges}). Of these the one of the lowest median loss over all the data on {len(self.tuning_seeds)} "
            f"tuning seeds was chosen, and judged on {len(self.judging_seeds)} other seeds, whose median and bootstrap "
            f"interval stand in the table.{warning}"
        )

    def __str__(self) -> str:
        everything = [list(self.HEADER), *self.rows()]
        widths = [max(len(row[k]) for row in everything) for k in range(len(self.HEADER))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in everything
        ]
        return "\n".join([line.rstrip() for line in lines] + ["", self.protocol()])
