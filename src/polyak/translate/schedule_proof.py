"""The proof of a translation under a schedule: both sides run, each with its own framework's schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass

from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.translate.best_arguments import ALWAYS, NEARLY
from polyak.translate.proof import ROUNDING

SPREAD = 10.0  # how much further a path may be than the learning rates that it was made with


@dataclass(frozen=True)
class ScheduleProof(Shown):
    """What running both sides under their schedules gave. Gaps are the largest, of the trajectory's size.

    Attributes:
        sides: what was run, in words.
        steps: how many.
        gap: both sides left to themselves.
        changes: how often the learning rate changed in these steps.
        gap_with_remedy: the velocity multiplied at each change as `words` says; nan where nothing need be done.
        within: how far the schedules' own arithmetic is apart, of the largest learning rate.
        equal: what the translation says: "always", "at constant lr" or "nearly".
        gradient: about how large the gradients were; None for about 1.
    """

    sides: tuple[str, str]
    steps: int
    gap: float
    changes: int
    gap_with_remedy: float = math.nan
    within: float = 0.0
    equal: str = ALWAYS
    gradient: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the sides are the same but for rounding, where the translation says so."""
        return self.equal != ALWAYS or self.gap <= max(ROUNDING, SPREAD * self.within)

    def __str__(self) -> str:
        changes = "1 change" if self.changes == 1 else f"{self.changes:,} changes"
        changed = f" under the schedule, {changes} of the learning rate" if self.changes else ""
        large = "" if self.gradient is None else f" with gradients of about {readable(self.gradient)}"
        small = self.equal == ALWAYS and self.gap <= ROUNDING
        gap = f"0 to rounding ({readable(self.gap, 1)})" if small else readable(self.gap, 3)
        said = (
            f"checked: {self.steps:,} steps{changed}{large}, largest gap"
            f" {gap} ({self.sides[0]} | {self.sides[1]})"
        )
        if self.equal not in (ALWAYS, NEARLY):
            said += f"\nwith the remedy: gap {readable(self.gap_with_remedy, 3)}"
        return said
