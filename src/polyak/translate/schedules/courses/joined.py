"""One course after the other, each counting from where it begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values


@dataclass(frozen=True)
class Joined(Course):
    """Courses with the steps at which the next one begins: there it is at its own step 0.

    >>> from polyak.translate.schedules.courses.constant import Constant
    >>> from polyak.translate.schedules.courses.ramp import Ramp
    >>> Joined((Ramp(0.0, 1.0, 2), Constant(1.0)), (2,)).values(4)
    array([0. , 0.5, 1. , 1. ])
    """

    parts: tuple[Course, ...]
    boundaries: tuple[int, ...]

    def at(self, k: Values) -> Values:
        """Each part's values at its own steps."""
        found = self.parts[0].at(k)
        for part, boundary in zip(self.parts[1:], self.boundaries, strict=True):
            found = np.where(k < boundary, found, part.at(np.maximum(k - boundary, 0)))
        return found

    def code(self, k: str, dialect: Dialect) -> str:
        """One choice inside another, the first part outermost."""
        starts = (0, *self.boundaries)
        codes = [
            part.code(f"({k} - {start})" if start else k, dialect)
            for part, start in zip(self.parts, starts, strict=True)
        ]
        found = codes[-1]
        for code, boundary in zip(reversed(codes[:-1]), reversed(self.boundaries), strict=True):
            found = dialect.chosen.format(test=f"{k} < {boundary}", a=code, b=found)
        return found

    def scaled(self, factor: float) -> Joined:
        """Every part scaled."""
        return Joined(tuple(part.scaled(factor) for part in self.parts), self.boundaries)

    @property
    def end(self) -> int | None:
        """Where the last part ends."""
        last = self.parts[-1].end
        return None if last is None else (self.boundaries[-1] if self.boundaries else 0) + last

    def corners(self) -> tuple[int, ...]:
        """Where a part begins, and the corners of each."""
        starts = (0, *self.boundaries)
        return tuple(
            start + corner
            for part, start in zip(self.parts, starts, strict=True)
            for corner in part.corners()
        )


def joined(parts: tuple[Course, ...], boundaries: tuple[int, ...]) -> Course:
    """Courses one after the other; those that have no step are left out.

    >>> from polyak.translate.schedules.courses.constant import Constant
    >>> joined((Constant(0.5), Constant(1.0)), (0,))
    Constant(value=1.0)
    """
    kept = [(part, start) for part, start in zip(parts, (0, *boundaries), strict=True)]
    live = [
        pair
        for pair, following in zip(kept, [*kept[1:], None], strict=True)
        if following is None or following[1] > pair[1]
    ]
    if len(live) == 1:
        return live[0][0]
    return Joined(tuple(part for part, _ in live), tuple(start for _, start in live[1:]))
