r"""A rule taken to another batch size, and what that keeps: said in words, and computed on least squares.

What is kept is computed by the exact second moments of the old rule in its batches and the new one in its own, at
equal numbers of samples n:

    path:   the largest |E'[loss(n)] - E[loss(n)]| / (E[loss(n)] - least)
    floor:  (floor' - least) / (floor - least)

The ways themselves, with their sources, are in batch_scaling.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.problems import Problem
from polyak.rules import Optimizer
from polyak.run.result import Result
from polyak.theory.batch_edges import BatchEdges, batch_edges
from polyak.theory.batch_scaling import Way, ways
from polyak.theory.datasets import dataset
from polyak.theory.expectation import Expectation, expected_loss

if TYPE_CHECKING:
    import xarray as xr

CHECKPOINTS = 33  # numbers of samples at which two paths are compared
EQUAL = 0.1  # of the excess: within it a path, or a floor, is said to be kept


@dataclass(frozen=True, eq=False)
class Computed:
    """What a way keeps on the user's least squares.

    Attributes:
        expected: the new rule's expected loss in its batches.
        edges: of the new rule in these batches.
        path: how far the expected path parts from the old one, by samples: the largest difference, as a part of the
            old one's excess over the least loss there.
        floor: the noise floor's excess over the least loss, in the old one's; nan where neither is finite.
    """

    expected: Expectation
    edges: BatchEdges
    path: float
    floor: float

    @property
    def grows(self) -> bool:
        """Whether the expected loss grows without end."""
        return self.edges.now >= self.edges.mean_square

    def words(self) -> str:
        """The numbers, in a sentence or two."""
        lr, now, most = self.edges.lr, readable(self.edges.now, 4), readable(self.edges.mean_square, 4)
        if self.grows:
            return (
                f"It ends here: {lr} {now} is past {most}, from where on the expected loss grows without end in "
                f"batches of {self.edges.batch_size}."
            )
        kept = f"The expected path {_kept(self.path)}: at most {readable(self.path, 3)} of the excess apart. "
        floor = (
            f"The noise floor {_kept(abs(self.floor - 1))}: {readable(self.floor, 4)} of the old one's excess. "
            if math.isfinite(self.floor)
            else ""
        )
        return f"{kept}{floor}{lr} {now} is below its edge in these batches, {most}."


@dataclass(frozen=True, eq=False)
class Rescaling(Result):
    """A rule taken to another batch size.

    Attributes:
        rule: the rule as it was.
        batch_size: its batch size.
        to: the new one.
        ways: to go from one to the other, the one of most grounds first.
        before: the old rule's expected loss; None where no problem was given.
        computed: what each way keeps on the problem, in the order of `ways`; none where no problem was given.
        spelled: each way's rule in the words of the framework that the rule was given in; none where it was not.
    """

    rule: Optimizer
    batch_size: int
    to: int
    ways: tuple[Way, ...]
    before: Expectation | None = None
    computed: tuple[Computed, ...] = ()
    spelled: tuple[str, ...] = ()

    @property
    def best(self) -> int:
        """Which way: on a problem the one that keeps the path best and does not grow, else the one of most grounds."""
        paths = [math.inf if each.grows else each.path for each in self.computed]
        return int(np.argmin(paths)) if paths and min(paths) < math.inf else 0

    @property
    def scaled(self) -> Optimizer:
        """The rule for the new batch size, by the best way."""
        return self.ways[self.best].rule

    def words(self) -> tuple[str, ...]:
        """For each way: the rule, what it keeps and how far, where it ends, and what was computed."""
        said = []
        for k, way in enumerate(self.ways):
            line = self.spelled[k] if self.spelled else str(way.rule)
            computed = (self.computed[k].words(),) if self.computed else ()
            said.append(" ".join([f"{way.name}: {line}.", way.keeps, way.holds, *way.ends, *computed]))
        return tuple(said)

    def to_xarray(self) -> xr.Dataset:
        """The ways' settings as an xarray.Dataset with dimensions way and, on a problem, the numbers computed."""
        names = [name for name, value in self.scaled.settings().items() if isinstance(value, float)]
        data: dict[str, Any] = {
            name: ("way", [float(way.rule.settings()[name]) for way in self.ways]) for name in names
        }
        if self.computed:
            data["path"] = ("way", [each.path for each in self.computed])
            data["floor"] = ("way", [each.floor for each in self.computed])
            data["max_lr_in_batches"] = ("way", [each.edges.mean_square for each in self.computed])
        coords = {"way": [way.name for way in self.ways]}
        return dataset(self.rule, data, coords, batch_size=self.batch_size, to=self.to)

    def __str__(self) -> str:
        line = self.spelled[self.best] if self.spelled else str(self.scaled)
        lost = (
            "; every way grows without end there"
            if self.computed and all(c.grows for c in self.computed)
            else ""
        )
        on = "" if self.before is None else f", on {self.before.problem.data.name}"
        return (
            f"{self.rule} in batches of {self.batch_size} is, in batches of {self.to}, {line} "
            f"({self.ways[self.best].name}{on}{lost})"
        )


def rescaling(
    rule: Optimizer, batch_size: int, to: int, on: Problem | None, epochs: float, seeds: int | Sequence[int]
) -> Rescaling:
    """What `rescale` finds for a rule of ours, which says it in other words too; its arguments are those.

    >>> import polyak as pk
    >>> r = rescaling(pk.HeavyBall(lr=0.01, momentum=0.5), 16, 32, None, 10.0, 1)
    >>> r.scaled
    HeavyBall(lr=0.03, momentum=0.25, lr_in_velocity=True)
    """
    most = None if on is None else on.data.rows
    batch_size = _size("batch_size", batch_size, most)
    to = _size("to", to, most)
    found = Rescaling(rule, batch_size, to, ways(rule, to / batch_size))
    return found if on is None else _on(found, on, epochs, seeds)


def _size(name: str, value: int, most: int | None) -> int:
    if most is None:
        return whole_number(name, value, at_least=1)
    return whole_number(name, value, at_least=1, at_most=most)


def _on(found: Rescaling, problem: Problem, epochs: float, seeds: int | Sequence[int]) -> Rescaling:
    """The same with what each way keeps on a problem."""
    if not 0 < epochs < math.inf:
        raise PolyakError(f"epochs is {epochs}, expected a finite number over 0")
    samples = epochs * problem.data.rows

    def expected(rule: Optimizer, batch_size: int) -> Expectation:
        steps = math.ceil(samples / batch_size)
        return expected_loss(rule, problem, batch_size=batch_size, steps=steps, seeds=seeds)

    before = expected(found.rule, found.batch_size)
    computed = []
    for way in found.ways:
        after = expected(way.rule, found.to)
        edges = batch_edges(way.rule, problem, batch_size=found.to)
        computed.append(Computed(after, edges, _path(before, after), _floors(before, after)))
    return replace(found, before=before, computed=tuple(computed))


def _path(before: Expectation, after: Expectation) -> float:
    """The largest difference, as a part of the old excess, at equal numbers of samples."""
    coarse = max(before.batch_size, after.batch_size)
    last = min(before.steps * before.batch_size, after.steps * after.batch_size)
    samples = coarse * np.unique(np.linspace(1, max(last // coarse, 1), CHECKPOINTS).round())
    old, new = _at(before, samples), _at(after, samples)
    with np.errstate(all="ignore"):
        apart = np.abs(new - old) / (old - before.least)
    return float(apart.max()) if np.isfinite(apart).all() else math.inf


def _at(expected: Expectation, samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The expected loss after so many samples; between two steps on the straight line from one to the other."""
    return np.interp(samples / expected.batch_size, np.arange(expected.steps + 1), expected.mean)


def _floors(before: Expectation, after: Expectation) -> float:
    if not (math.isfinite(before.floor) and math.isfinite(after.floor)):
        return math.nan
    return float((after.floor - after.least) / (before.floor - before.least))


def _kept(apart: float) -> str:
    return "is kept" if apart <= EQUAL else "is not kept"
