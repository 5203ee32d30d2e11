r"""Cosines with restarts: end + (begin - end) (1 + cos(pi t)) / 2, t the share of the present period.

Source: Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts, equation 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyak.translate.schedules.course import Course, Dialect, Values, number, rounded


@dataclass(frozen=True)
class Restarts(Course):
    """A half cosine again and again, each period `longer` times the one before.

    Attributes:
        begin: at the start of the first period.
        to: towards its end.
        first: the first period, in steps; need not be whole.
        longer: what the next period is multiplied by, a whole number.
        lower: what the next begin is multiplied by.
        ends: the step from which it is `to`; None where it goes on for ever.

    >>> Restarts(1.0, 0.0, 2, longer=1).values(5).round(12)
    array([1. , 0.5, 1. , 0.5, 1. ])
    """

    begin: float
    to: float
    first: float
    longer: int = 1
    lower: float = 1.0
    ends: int | None = None

    def at(self, k: Values) -> Values:
        """The values, by the period that each step is in."""
        if self.longer == 1:
            period = np.floor(k / self.first)
            share = k / self.first - period
        else:
            period = np.floor(np.log(1 + k / self.first * (self.longer - 1)) / np.log(self.longer) + 1e-12)
            start = self.first * (self.longer**period - 1) / (self.longer - 1)
            share = (k - start) / (self.first * self.longer**period)
        top = self.begin * self.lower**period
        found: Values = self.to + (top - self.to) * (1 + np.cos(np.pi * share)) / 2
        return found if self.ends is None else np.where(k < self.ends, found, self.to)

    def code(self, k: str, dialect: Dialect) -> str:
        """The formula above; with periods that double, by the binary logarithm."""
        first = number(self.first)
        if self.longer == 1:
            period, share = f"({k} // {first})", f"({k} % {first}) / {first}"
        else:
            period = dialect.exponent.format(f"{k} / {first} + 1")
            share = f"({k} / {first} + 1) / 2**{period} - 1"
        top = (
            number(self.begin)
            if self.lower == 1
            else f"{number(self.begin)} * {number(self.lower)}**{period}"
        )
        span = f"({top} - {number(self.to)})" if self.to else f"{top}"
        found = f"({number(self.to)} + {span} * (1 + {dialect.cos}({dialect.pi} * ({share}))) / 2)"
        if self.ends is None:
            return found
        return dialect.chosen.format(test=f"{k} < {self.ends}", a=found, b=number(self.to))

    def scaled(self, factor: float) -> Restarts:
        """Other heights."""
        heights = rounded(self.begin * factor), rounded(self.to * factor)
        return Restarts(*heights, self.first, self.longer, self.lower, self.ends)

    @property
    def end(self) -> int | None:
        """Where it ends, if it does."""
        return self.ends
