"""Several courses at once: the first, times what each of the others is of its own begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values


@dataclass(frozen=True)
class Product(Course):
    """A course times factors that have courses of their own, as torch's ChainedScheduler multiplies them.

    >>> from polyak.translate.schedules.courses.exponential import Exponential
    >>> Product((Exponential(1.0, 0.5), Exponential(1.0, 0.1))).values(3).round(12)
    array([1.    , 0.05  , 0.0025])
    """

    parts: tuple[Course, ...]

    def at(self, k: Values) -> Values:
        """The product of all."""
        found: Values = np.prod([part.at(k) for part in self.parts], axis=0)
        return found

    def code(self, k: str, dialect: Dialect) -> str:
        """The product of their codes."""
        return " * ".join(f"({part.code(k, dialect)})" for part in self.parts)

    def scaled(self, factor: float) -> Product:
        """The first part scaled."""
        return Product((self.parts[0].scaled(factor), *self.parts[1:]))

    @property
    def end(self) -> int | None:
        """Where all have ended."""
        ends = [part.end for part in self.parts]
        return None if any(end is None for end in ends) else max(end for end in ends if end is not None)

    def corners(self) -> tuple[int, ...]:
        """Those of all."""
        return tuple(corner for part in self.parts for corner in part.corners())
