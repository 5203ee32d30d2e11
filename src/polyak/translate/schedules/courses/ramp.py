r"""A line, or a power of one: end + (begin - end) (1 - min(k, n) / n)^power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values, number, rounded, times


@dataclass(frozen=True)
class Ramp(Course):
    """From one learning rate to another in n steps, then constant.

    >>> Ramp(1.0, 0.0, 4, power=2.0).values(6)
    array([1.    , 0.5625, 0.25  , 0.0625, 0.    , 0.    ])
    """

    begin: float
    to: float
    steps: int
    power: float = 1.0

    def at(self, k: Values) -> Values:
        """The line's values, the last of them past its end."""
        left = 1 - np.minimum(k, self.steps) / self.steps
        found: Values = self.to + (self.begin - self.to) * left**self.power
        return found

    def code(self, k: str, dialect: Dialect) -> str:
        """The formula above; a rising line from 0 is written shorter."""
        part = f"{dialect.least}({k}, {self.steps}) / {self.steps}"
        if self.begin == 0 and self.power == 1:
            return times(self.to, part)
        power = "" if self.power == 1 else f"**{number(self.power)}"
        span = times(self.begin - self.to, f"(1 - {part}){power}")
        return span if self.to == 0 else f"({number(self.to)} + {span})"

    def scaled(self, factor: float) -> Ramp:
        """Other ends."""
        return Ramp(rounded(self.begin * factor), rounded(self.to * factor), self.steps, self.power)

    @property
    def end(self) -> int:
        """Where the line ends."""
        return self.steps

    def corners(self) -> tuple[int, ...]:
        """Its two ends."""
        return (0, self.steps)
