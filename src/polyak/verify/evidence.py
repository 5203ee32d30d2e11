"""What a candidate did in one scenario, and whether a model of it goes there too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from polyak.frameworks import Stepper
from polyak.verify.comparison import (
    NEXT,
    ROOM,
    ULP,
    Outcome,
    Reference,
    least_rounding,
    rounding,
    sizes_so_far,
)
from polyak.verify.reference_model import Model, ModelStepper
from polyak.verify.scenarios import Path, Scenario

HALF_DIGIT = 2.0**-24  # of a number: what float32 may round off it


@dataclass(frozen=True)
class Evidence:
    """What the candidate did in one scenario, beside the reference.

    Attributes:
        reference: the reference's run.
        candidate: the candidate's path, shape (steps + 1, size).
        outcome: where the two part.
        make: the candidate, to be run once more.
        allowed: how far float32 may carry it, shape (steps + 1, 1); None where it is held to float64.
        until: how many rows can be compared: those before float32 overflows.
    """

    reference: Reference
    candidate: Path
    outcome: Outcome
    make: Callable[[], Stepper]
    allowed: Path | None = None
    until: int | None = None

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.reference.scenario

    @property
    def model(self) -> Model | None:
        """The reference in our words; None where it has none."""
        return self.reference.model

    @property
    def parted(self) -> bool:
        """Whether there is something to explain: more than float32 rounds, where the candidate is in float32."""
        return self.outcome.status == "parts" and not self.outcome.single

    @property
    def spelled(self) -> Model:
        """The model, where there is one."""
        assert self.model is not None
        return self.model

    @property
    def plain(self) -> bool:
        """Whether both have their own weight decay, and not one that the scenario gives them."""
        return "weight_decay" not in self.scenario.settings

    @property
    def skips(self) -> bool:
        """Whether gradients are missing, of which our words for a candidate say nothing."""
        return any(self.scenario.missing)

    @property
    def sound(self) -> bool:
        """Whether the model is the reference."""
        return self.reference.sound

    def path_of(self, model: Model, steps: int | None = None, start: Path | None = None) -> Path:
        """Where a model goes."""
        return self.scenario.path(ModelStepper(model), self.reference.problem, start, steps)

    def explained_by(self, model: Model, room: float = 1.0) -> bool:
        """Whether a model goes where the candidate went, but for what the reference or it makes of roundings."""
        if model.in_scenario(self.scenario) == self.spelled.in_scenario(self.scenario):
            return not self.parted
        # Most models have parted soon, and are run no further.
        telling = 2 if self.outcome.step is None else self.outcome.step + 1
        return all(self._as_far_as(steps, model, room) for steps in (1, 2, telling, None))

    def _as_far_as(self, steps: int | None, model: Model, room: float) -> bool:
        path = self.path_of(model, steps)[: self.until]
        candidate = self.candidate[: len(path)]
        if _same(path, candidate, room * least_rounding(path)):
            return True
        bound = room * (self.reference.rounding if self.allowed is None else self.allowed)[: len(path)]
        if _same(path, candidate, bound):
            return True
        if steps == 1:
            return False
        moved = self.path_of(model, steps, self.reference.problem.start * NEXT)[: self.until]
        own = rounding(path, moved) if self.allowed is None else storing(path, moved)
        return _same(path, candidate, np.fmax(room * own, bound))


def storing(path: Path, moved: Path) -> Path:
    """How far x goes astray that is kept in float32, half a digit a step and each carried on, shape (steps + 1, 1).

    `moved` began two of float64's last digits away: what became of them says what becomes of a rounding.
    """
    with np.errstate(all="ignore"):
        carried = np.maximum.accumulate(np.abs(path - moved).max(axis=1))[:, None] / (2 * ULP)
        found: Path = HALF_DIGIT * (np.arange(len(path)) + 1)[:, None] * (sizes_so_far(path) + carried)
    return found


def _same(path: Path, candidate: Path, bound: Path) -> bool:
    """Whether two paths are one but for rounding; both may leave the finite numbers, at the same step."""
    whole, others = (np.isfinite(each).all(axis=1) for each in (path, candidate))
    if not np.array_equal(whole, others):
        return False
    with np.errstate(all="ignore"):
        own = ROOM * ULP * sizes_so_far(candidate)  # it may have gone further
        return bool((np.abs(path - candidate)[whole] <= np.fmax(bound, own)[whole]).all())
