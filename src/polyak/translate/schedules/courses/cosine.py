r"""Half a cosine: end + (begin - end) ((1 + cos(pi k / n)) / 2)^exponent, constant past n, or rising again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values, number, rounded, times


@dataclass(frozen=True)
class Cosine(Course):
    """From one learning rate to another in n steps, along half a cosine.

    Attributes:
        begin: at step 0.
        to: at step n.
        steps: n.
        exponent: of the cosine's part.
        rises: whether past n it goes back up, as torch's CosineAnnealingLR does, and down again.

    >>> Cosine(1.0, 0.0, 2).values(4).round(12)
    array([1. , 0.5, 0. , 0. ])
    >>> Cosine(1.0, 0.0, 2, rises=True).values(5).round(12)
    array([1. , 0.5, 0. , 0.5, 1. ])
    """

    begin: float
    to: float
    steps: int
    exponent: float = 1.0
    rises: bool = False

    def at(self, k: Values) -> Values:
        """The cosine's values."""
        within = k if self.rises else np.minimum(k, self.steps)
        part = (1 + np.cos(np.pi * within / self.steps)) / 2
        found: Values = self.to + (self.begin - self.to) * part**self.exponent
        return found

    def code(self, k: str, dialect: Dialect) -> str:
        """The formula above."""
        within = k if self.rises else f"{dialect.least}({k}, {self.steps})"
        part = f"((1 + {dialect.cos}({dialect.pi} * {within} / {self.steps})) / 2)"
        power = "" if self.exponent == 1 else f"**{number(self.exponent)}"
        span = times(self.begin - self.to, f"{part}{power}")
        return span if self.to == 0 else f"({number(self.to)} + {span})"

    def scaled(self, factor: float) -> Cosine:
        """Other ends."""
        ends = rounded(self.begin * factor), rounded(self.to * factor)
        return Cosine(*ends, self.steps, self.exponent, self.rises)

    @property
    def end(self) -> int | None:
        """Where the half cosine ends, unless it rises again."""
        return None if self.rises else self.steps

    def corners(self) -> tuple[int, ...]:
        """Its two ends."""
        return (0, self.steps)
