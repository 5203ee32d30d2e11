"""What a study is made of: sections, each with paragraphs, pictures, tables and numbers to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from polyak.ground.shown import Shown

if TYPE_CHECKING:
    import xarray as xr

    from polyak.landscapes import Landscape
    from polyak.problems import Problem
    from polyak.rules import Optimizer


@dataclass(frozen=True)
class Table:
    """A table with a caption; cells are text already."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A figure with its file's name (without an ending) and what to see in it."""

    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True)
class Section(Shown):
    """One part of the page.

    Attributes:
        title: its heading.
        paragraphs: plain text.
        formulas: LaTeX, lines parted by a double backslash.
        pictures: in order.
        tables: in order, below the pictures.
        numbers: results to keep beside the page, by file name: xarray Datasets.
    """

    title: str
    paragraphs: Sequence[str] = ()
    formulas: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    numbers: dict[str, xr.Dataset] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Subject:
    """What a study is about: a rule, what it descends and what it trains.

    Attributes:
        rule: the update rule with its settings.
        baseline: gradient descent at the same lr; None where the rule has no lr, or is it.
        landscape: what it descends.
        steps: how many steps of it.
        problem: what it trains.
        batch_size: rows in a mini-batch.
        epochs: of each training.
        seeds: runs of each training.
    """

    rule: Optimizer
    baseline: Optimizer | None
    landscape: Landscape
    steps: int
    problem: Problem
    batch_size: int
    epochs: int
    seeds: int

    @property
    def rules(self) -> list[Optimizer]:
        """The rule, and the baseline if there is one."""
        return [self.rule] if self.baseline is None else [self.rule, self.baseline]


def file_name(rule: Optimizer) -> str:
    """A rule's name as a part of a file's name."""
    return as_file_name(rule.name())


def as_file_name(name: str) -> str:
    """A name, of a rule or of the second of one name, as a part of a file's name.

    >>> as_file_name("optax:adam #2")
    'optax_adam_2'
    """
    return name.replace(":", "_").replace(" #", "_").replace("/", "_")
