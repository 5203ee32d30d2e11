r"""Up and down between two learning rates, again and again.

Source: Smith (2017), Cyclical learning rates for training neural networks, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values, number, rounded


@dataclass(frozen=True)
class Triangles(Course):
    """A line up in `up` steps and a line down in `down`, repeated, each time times `lower` as high.

    >>> Triangles(0.0, 1.0, 2, 2).values(6)
    array([0. , 0.5, 1. , 0.5, 0. , 0.5])
    """

    low: float
    high: float
    up: int
    down: int
    lower: float = 1.0

    def at(self, k: Values) -> Values:
        """The two lines."""
        whole = self.up + self.down
        cycle, within = k // whole, k % whole
        height = np.where(within <= self.up, within / self.up, (whole - within) / self.down)
        found: Values = self.low + (self.high - self.low) * self.lower**cycle * height
        return found

    def code(self, k: str, dialect: Dialect) -> str:
        """The lower of the two lines."""
        whole = self.up + self.down
        within = f"({k} % {whole})"
        height = f"{dialect.least}({within} / {self.up}, ({whole} - {within}) / {self.down})"
        lower = "" if self.lower == 1 else f" * {number(self.lower)}**({k} // {whole})"
        return f"({number(self.low)} + {number(self.high - self.low)}{lower} * {height})"

    def scaled(self, factor: float) -> Triangles:
        """Other heights."""
        ends = rounded(self.low * factor), rounded(self.high * factor)
        return Triangles(*ends, self.up, self.down, self.lower)

    @property
    def end(self) -> None:
        """It never ends."""
        return

    def corners(self) -> tuple[int, ...]:
        """The first top."""
        return (0, self.up)
