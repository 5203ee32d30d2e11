r"""A geometric decay: begin rate^(k / n), smoothly or in stairs, not past a least (or a largest) value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values, number, rounded, times


@dataclass(frozen=True)
class Exponential(Course):
    """Times `rate` in every n steps.

    Attributes:
        begin: at step 0.
        rate: what n steps multiply it by.
        steps: n.
        staircase: whether it changes every n steps only.
        to: where it stops, from either side; None where it never does.

    >>> Exponential(1.0, 0.5, 2, staircase=True).values(5)
    array([1.  , 1.  , 0.5 , 0.5 , 0.25])
    """

    begin: float
    rate: float
    steps: int = 1
    staircase: bool = False
    to: float | None = None

    def at(self, k: Values) -> Values:
        """The powers, stopped where they are to stop."""
        times = k // self.steps if self.staircase else k / self.steps
        found: Values = self.begin * self.rate**times
        if self.to is None:
            return found
        return np.maximum(found, self.to) if self.rate < 1 else np.minimum(found, self.to)

    def code(self, k: str, dialect: Dialect) -> str:
        """The formula above."""
        power = k if self.steps == 1 else f"({k} {'//' if self.staircase else '/'} {self.steps})"
        found = times(self.begin, f"{number(self.rate)}**{power}")
        if self.to is None:
            return found
        return f"{dialect.most if self.rate < 1 else dialect.least}({found}, {number(self.to)})"

    def scaled(self, factor: float) -> Exponential:
        """Another begin, and another end."""
        to = None if self.to is None else rounded(self.to * factor)
        return Exponential(rounded(self.begin * factor), self.rate, self.steps, self.staircase, to)

    @property
    def end(self) -> int | None:
        """None: it never ends, or nobody asks where."""
        return 0 if self.rate == 1 else None
