"""A learning rate that stays: value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values, number, rounded


@dataclass(frozen=True)
class Constant(Course):
    """The same at every step."""

    value: float

    def at(self, k: Values) -> Values:
        """The value, at each step."""
        return np.full_like(k, self.value)

    def code(self, k: str, dialect: Dialect) -> str:  # noqa: ARG002
        """A number."""
        return number(self.value)

    def scaled(self, factor: float) -> Constant:
        """Another value."""
        return Constant(rounded(self.value * factor))

    @property
    def end(self) -> int:
        """It is constant from the start."""
        return 0
