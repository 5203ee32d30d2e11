"""Two paths side by side: whether they are equal but for rounding, and where they part first."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks import Stepper
from polyak.ground.numbers import readable
from polyak.verify.reference_model import Model, ModelStepper
from polyak.verify.scenarios import Descended, Path, Scenario

ULP = float(np.finfo(np.float64).eps)
NEXT = 1 + 2 * ULP
ROOM = 64.0  # roundings of a step, each of which may be carried on as the start's is


def least_rounding(path: Path) -> Path:
    """What a gap must exceed at each step to be one, were no rounding ever carried on, shape (steps + 1, 1)."""
    return ROOM * ULP * (np.arange(len(path)) + 1)[:, None] * sizes_so_far(path)


def rounding(path: Path, moved: Path) -> Path:
    """What a gap must exceed at each step to be one, shape (steps + 1, 1); `moved` began a last digit away."""
    with np.errstate(all="ignore"):
        carried = np.maximum.accumulate(np.abs(path - moved).max(axis=1))[:, None]
        bound: Path = least_rounding(path) + ROOM * (np.arange(len(path)) + 1)[:, None] * carried
    return bound


def sizes_so_far(path: Path) -> Path:
    """The largest number of a path up to each step, shape (steps + 1, 1)."""
    found: Path = np.maximum.accumulate(np.abs(path).max(axis=1))[:, None]
    return found


@dataclass(frozen=True)
class Outcome:
    """What came of one scenario.

    Attributes:
        scenario: its name.
        status: "equal", "parts", "fails" or "not tried".
        reason: why it was not tried, how it fails, or where single precision overflows.
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
            later = f", later by {readable(largest, 2)}" if largest > 2 * self.gap else ""
            place = f"at step {self.step}, at {self.coordinate}, by {readable(self.gap, 2)} of the path's size{later}"
            within = "parts as far as single precision rounds," if self.single else "parts"
            return f"{within} {place}{', and ' * bool(self.reason)}{self.reason}"
        if self.status == "equal":
            return f"equal (largest gap {readable(self.gap, 1)})" if self.gap else "equal, to the last digit"
        return f"{self.status}: {self.reason}"


@dataclass(frozen=True)
class Reference:
    """A reference's path in a scenario, and how far rounding may carry another from it.

    Attributes:
        path: shape (steps + 1, size).
        make: the reference, to be run once more.
        model: the reference in our words; None where it has none.
    """

    scenario: Scenario
    problem: Descended
    path: Path
    make: Callable[[], Stepper]
    model: Model | None = None

    @classmethod
    def run(
        cls, scenario: Scenario, problem: Descended, make: Callable[[], Stepper], model: Model | None = None
    ) -> Reference:
        """The reference's path."""
        path = scenario.path(make(), problem)
        path.setflags(write=False)  # it is kept for the next verification
        return cls(scenario, problem, path, make, model)

    @functools.cached_property
    def rounding(self) -> Path:
        """What a gap must exceed at each step to be one, shape (steps + 1, 1).

        Measured by a run from a start that is a last digit away: what the reference makes of roundings.
        """
        return rounding(self.path, self.moved)

    @functools.cached_property
    def moved(self) -> Path:
        """The path from a start that is a last digit away."""
        path = self.scenario.path(self.make(), self.problem, self.problem.start * NEXT)
        path.setflags(write=False)
        return path

    @functools.cached_property
    def sound(self) -> bool:
        """Whether the model is the reference."""
        if self.model is None:
            return False
        return self.equals(self.scenario.path(ModelStepper(self.model), self.problem))

    def gaps(self, path: Path, bound: Path) -> Path:
        """The distances of another path from this one; 0 from the step on at which this one is not finite."""
        with np.errstate(all="ignore"):
            apart = np.abs(self.path - path)
        apart[np.isnan(apart)] = np.inf
        ends = ~np.isfinite(self.path).all(axis=1) | ~np.isfinite(bound[:, 0])
        apart[np.maximum.accumulate(ends)] = 0.0
        return apart

    def equals(self, path: Path) -> bool:
        """Whether another path is this one but for rounding."""
        # Most are, and need no second run to say so.
        return self._within(path, least_rounding(self.path)) or self._within(path, self.rounding)

    def _within(self, path: Path, bound: Path) -> bool:
        with np.errstate(invalid="ignore"):
            return bool((self.gaps(path, bound) <= bound).all())

    def outcome(self, path: Path) -> Outcome:
        """Where another path parts from this one."""
        name, equal = self.scenario.name, self.equals(path)
        bound = np.full((len(path), 1), np.inf) if equal else self.rounding
        gaps = self.gaps(path, least_rounding(self.path) if equal else bound)
        with np.errstate(all="ignore"):
            parted = ~(gaps <= bound)
            gaps = np.where(gaps > 0, gaps / sizes_so_far(self.path), 0.0)
        largest = gaps.max(axis=1)
        if equal:
            return Outcome(name, "equal", gap=float(gaps.max()), gaps=largest)
        step = int(parted.any(axis=1).argmax())
        index = int(np.where(parted[step], gaps[step], -1.0).argmax())
        place = self.scenario.coordinate(index)
        return Outcome(name, "parts", step=step, coordinate=place, gap=float(gaps[step, index]), gaps=largest)
