"""A learning rate that is multiplied at certain steps: begin times the factors of all the steps that have come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values, number, rounded


@dataclass(frozen=True)
class Drops(Course):
    """Constant between certain steps.

    Attributes:
        begin: at step 0.
        at_steps: where it changes, rising: from that step on.
        factors: what it is multiplied by there.

    >>> Drops(1.0, (2, 3), (0.5, 0.1)).values(5)
    array([1.  , 1.  , 0.5 , 0.05, 0.05])
    """

    begin: float
    at_steps: tuple[int, ...]
    factors: tuple[float, ...]

    @property
    def levels(self) -> tuple[float, ...]:
        """The learning rate before the first change, and after each."""
        found = [self.begin]
        for factor in self.factors:
            found.append(rounded(found[-1] * factor))
        return tuple(found)

    def at(self, k: Values) -> Values:
        """The level of each step."""
        return np.asarray(self.levels)[
            np.searchsorted(np.asarray(self.at_steps, dtype=float), k, side="right")
        ]

    def code(self, k: str, dialect: Dialect) -> str:
        """One choice inside another."""
        found = number(self.levels[-1])
        for step, level in zip(reversed(self.at_steps), reversed(self.levels[:-1]), strict=True):
            found = dialect.chosen.format(test=f"{k} < {step}", a=number(level), b=found)
        return found

    def scaled(self, factor: float) -> Drops:
        """Another begin."""
        return Drops(rounded(self.begin * factor), self.at_steps, self.factors)

    @property
    def end(self) -> int:
        """The last change."""
        return self.at_steps[-1] if self.at_steps else 0

    def corners(self) -> tuple[int, ...]:
        """Every change."""
        return (0, *self.at_steps)
