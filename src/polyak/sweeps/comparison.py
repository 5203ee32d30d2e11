"""The result of a comparison of rules, and the protocol it was made by, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polyak.ground.numbers import readable
from polyak.ground.shown import Shown, table
from polyak.problems import Task
from polyak.run.history import History
from polyak.run.result import Result
from polyak.sweeps.differences import Difference, difference
from polyak.sweeps.reached import Reached, budgets, reached
from polyak.sweeps.search_space import SearchSpace

if TYPE_CHECKING:
    import xarray as xr


NAMES = {"held_out_loss": "held-out loss"}  # of what is seen, as it stands in a table


@dataclass(frozen=True)
class Entry(Shown):
    """One rule in a comparison.

    Attributes:
        name: the rule's name, numbered where two are of one name.
        space: the rule on the ranges that it was tuned over.
        settings: the best of them, by the median over the tuning seeds.
        edges: on which ends of its ranges the best lies.
        tuned: the median of every cell over the tuning seeds, the best first, inf where it diverged.
        history: the best settings trained with the judging seeds.
        median: of what the runs are judged by, at their ends.
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

    def reached(self, settings: int) -> Reached:
        """What searches of so many settings end at, on the tuning seeds, by what this one tried."""
        return reached(self.tuned, settings)


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
        judged_by: "loss", "held_out_loss" or the measure's name.
        measure: that was taken besides; empty for none.
    """

    entries: tuple[Entry, ...]
    problem: Task
    budget: int
    tuning_seeds: tuple[int, ...]
    judging_seeds: tuple[int, ...]
    epochs: int
    batch_size: int
    sweeps: xr.DataTree
    judged_by: str = "loss"
    measure: str = ""

    @property
    def header(self) -> tuple[str, ...]:
        """The table's columns."""
        return (
            "rule",
            "best settings",
            f"median {NAMES.get(self.judged_by, self.judged_by)}",
            "95 % interval",
            *(NAMES.get(name, name) for name in self.beside),
            "within 10 % of its best",
            "diverged",
            "us a step",
        )

    @property
    def beside(self) -> tuple[str, ...]:
        """What was seen of each run and not judged by."""
        first = self.entries[0].history
        names = ("loss", *(["held_out_loss"] if first.held_out_losses is not None else []), self.measure)
        return tuple(name for name in names if name and name != self.judged_by)

    def rows(self) -> list[list[str]]:
        """The table's cells as text, under `header`."""
        return [
            [
                entry.name,
                ", ".join(f"{name}={readable(value, 3)}" for name, value in entry.settings.items())
                + ("" if not entry.edges else " (edge)"),
                readable(entry.median, 5),
                ""
                if entry.interval is None
                else f"{readable(entry.interval[0], 5)} to {readable(entry.interval[1], 5)}",
                *(readable(float(np.median(entry.history.seen(name)[:, -1])), 5) for name in self.beside),
                f"{entry.near:.0%}",
                f"{entry.diverged:.0%}",
                readable(1e6 * entry.seconds_a_step, 2),
            ]
            for entry in self.entries
        ]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """How much better the first is than each other one, seed by seed, on the judging seeds."""
        first, *others = self.entries
        sign = -1.0 if self.judged_by == self.measure else 1.0

        def ends(entry: Entry) -> np.ndarray:
            return sign * np.asarray(entry.history.seen(self.judged_by)[:, -1], np.float64)

        return tuple(difference(first.name, ends(first), other.name, ends(other)) for other in others)

    @property
    def reached_header(self) -> tuple[str, ...]:
        """The columns of what was reached against the budget."""
        counts = budgets(self.budget)
        return ("best of so many settings, 95 % of searches", *map(str, counts))

    def reached_rows(self) -> list[list[str]]:
        """The cells of that table as text, a rule each."""
        return [
            [entry.name, *(_spread(entry.reached(count)) for count in budgets(self.budget))]
            for entry in self.entries
        ]

    def verdict(self) -> str:
        """Which rules are told apart, in words."""
        return ". ".join(map(str, self.differences)) + "."

    def _table(self) -> str:
        return table(self.rows(), list(self.header))

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
            f"({ranges}). Of these the one of the {self._best_of()} on {len(self.tuning_seeds)} "
            f"tuning seeds was chosen, and judged on {len(self.judging_seeds)} other seeds, whose median and bootstrap "
            f"interval stand in the table.{self._caution()}{warning}"
        )

    def _best_of(self) -> str:
        """What the settings were chosen by, in words."""
        kept = self.problem.held_out_rows()
        if self.judged_by == "loss":
            return f"lowest median loss over {'the rows trained on' if kept else 'all the data'}"
        over = f"{kept} rows held out" if kept else "all the data"
        if self.judged_by == "held_out_loss":
            return f"lowest median loss over {over}"
        return f"highest median {self.judged_by.replace('_', ' ')} over {over}"

    def _caution(self) -> str:
        """What the choice does to the rows that it was made on."""
        if not self.problem.held_out_rows() or self.judged_by == "loss":
            return ""
        return (
            " No run was trained on the rows held out, and each setting was chosen on them: of rows that nobody chose"
            " by, expect a little worse."
        )

    def __str__(self) -> str:
        parts = [
            *_columns([list(self.header), *self.rows()]),
            "",
            *_columns([list(self.reached_header), *self.reached_rows()]),
            "",
            self.verdict(),
            self.protocol(),
        ]
        return "\n".join(parts)


def _columns(rows: list[list[str]]) -> list[str]:
    """Rows of text as lines, their columns one under another."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _spread(of: Reached) -> str:
    """The median of what searches end at, and between what most do."""
    if of.low == of.high:
        return readable(of.median, 4)
    return f"{readable(of.median, 4)} ({readable(of.low, 4)} to {readable(of.high, 4)})"
