"""Two paths side by side: whether they are equal but for rounding, and where they part first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.conventions.frameworks import Stepper
from polyak.conventions.problem import Problem
from polyak.conventions.verify.scenarios import Path, Scenario

ULP = float(np.finfo(np.float64).eps)
SINGLE = float(np.finfo(np.float32).eps) / ULP
NEXT = 1 + 2 * ULP
ROOM = 64.0  # roundings of a step, each of which may be carried on as the start's is


def rounding(path: Path, moved: Path) -> Path:
    """What a gap must exceed at each step to be one, shape (steps + 1, 1); `moved` began a last digit away."""
    with np.errstate(all="ignore"):
        carried = np.maximum.accumulate(np.abs(path - moved).max(axis=1))
        sizes = np.maximum.accumulate(np.abs(path).max(axis=1))
        bound: Path = ROOM * (np.arange(len(path)) + 1) * (carried + ULP * sizes)
    return bound[:, None]


@dataclass(frozen=True)
class Outcome:
    """What came of one scenario.

    Attributes:
        scenario: its name.
        status: "equal", "parts", "fails" or "not tried".
        reason: why it was not tried, or how it fails.
        step: the first step that parts, counted from 1.
        coordinate: of that step, the one that is furthest apart.
        gap: how far apart they are there, of the path's size so far; the largest of all where they are equal.
        gaps: the largest distance after each step, of the path's size so far, shape (steps + 1,).
        single: whether they are equal but for the rounding of single precision.
    """

    scenario: str
    status: str
    reason: str = ""
    step: int | None = None
    coordinate: str = ""
    gap: float = 0.0
    gaps: NDArray[np.float64] | None = None
    single: bool = False

    def __str__(self) -> str:
        if self.status == "parts":
            largest = float(np.nanmax(self.gaps)) if self.gaps is not None else self.gap
            later = f", later by {largest:.2g}" if largest > 2 * self.gap else ""
            return f"parts at step {self.step}, at {self.coordinate}, by {self.gap:.2g} of the path's size{later}"
        if self.status == "equal":
            return f"equal (largest gap {self.gap:.0e})" if self.gap else "equal, to the last digit"
        return f"{self.status}: {self.reason}"


@dataclass(frozen=True)
class Reference:
    """A reference's path in a scenario, and how far rounding may carry another from it.

    Attributes:
        path: shape (steps + 1, 8).
        rounding: what a gap must exceed at each step to be one, shape (steps + 1, 1).
    """

    scenario: Scenario
    problem: Problem
    path: Path
    rounding: Path

    @classmethod
    def run(cls, scenario: Scenario, problem: Problem, make: Callable[[], Stepper]) -> Reference:
        """The reference's path, and one from a start that is a last digit away: what it makes of roundings."""
        path = scenario.path(make(), problem)
        moved = scenario.path(make(), problem, problem.start * NEXT)
        return cls(scenario, problem, path, rounding(path, moved))

    def gaps(self, path: Path) -> Path:
        """The distances of another path from this one; 0 from the step on at which this one is not finite."""
        with np.errstate(all="ignore"):
            apart = np.abs(self.path - path)
        apart[np.isnan(apart)] = np.inf
        ends = ~np.isfinite(self.path).all(axis=1) | ~np.isfinite(self.rounding[:, 0])
        apart[np.maximum.accumulate(ends)] = 0.0
        return apart

    def equals(self, path: Path, room: float = 1.0) -> bool:
        """Whether another path is this one but for rounding."""
        with np.errstate(invalid="ignore"):
            return bool((self.gaps(path) <= room * self.rounding).all())

    def outcome(self, path: Path) -> Outcome:
        """Where another path parts from this one."""
        gaps, name = self.gaps(path), self.scenario.name
        with np.errstate(all="ignore"):
            parted = ~(gaps <= self.rounding)
            sizes = np.maximum.accumulate(np.abs(self.path).max(axis=1))[:, None]
            gaps = np.where(gaps > 0, gaps / sizes, 0.0)
        largest = gaps.max(axis=1)
        if not parted.any():
            return Outcome(name, "equal", gap=float(gaps.max()), gaps=largest)
        step = int(parted.any(axis=1).argmax())
        index = int(np.where(parted[step], gaps[step], -1.0).argmax())
        return Outcome(
            name,
            "parts",
            step=step,
            coordinate=self.scenario.coordinate(index),
            gap=float(gaps[step, index]),
            gaps=largest,
            single=self.equals(path, SINGLE),
        )
