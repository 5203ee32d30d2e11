"""A course of which the first steps are another's: it counts from the start of the training all the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values


@dataclass(frozen=True)
class Shifted(Course):
    """Until a step one course, then another, both counting from step 0.

    >>> from polyak.translate.schedules.courses.ramp import Ramp
    >>> Shifted(Ramp(0.0, 1.0, 2), Ramp(1.0, 0.0, 4), 2).values(5)
    array([0.  , 0.5 , 0.5 , 0.25, 0.  ])
    """

    first: Course
    then: Course
    boundary: int

    def at(self, k: Values) -> Values:
        """The values of whichever it is."""
        return np.where(k < self.boundary, self.first.at(k), self.then.at(k))

    def code(self, k: str, dialect: Dialect) -> str:
        """One choice."""
        first, then = self.first.code(k, dialect), self.then.code(k, dialect)
        return dialect.chosen.format(test=f"{k} < {self.boundary}", a=first, b=then)

    def scaled(self, factor: float) -> Shifted:
        """Both scaled."""
        return Shifted(self.first.scaled(factor), self.then.scaled(factor), self.boundary)

    @property
    def end(self) -> int | None:
        """Where the second ends."""
        return None if self.then.end is None else max(self.then.end, self.boundary)

    def corners(self) -> tuple[int, ...]:
        """Where the second begins."""
        return (0, max(self.boundary - 1, 0), self.boundary)


def started_at(first: Course, then: Course, boundary: int) -> Course:
    """The two courses; the second alone where the first has no step."""
    return Shifted(first, then, boundary) if boundary else then
