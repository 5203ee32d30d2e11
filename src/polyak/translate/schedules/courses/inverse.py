r"""An inverse of time: begin / (1 + rate k / n)^power, smoothly or in stairs; with power 1/2 the inverse root."""

from __future__ import annotations

from dataclasses import dataclass

from polyak.translate.schedules.course import Course, Dialect, Values, number, rounded


@dataclass(frozen=True)
class Inverse(Course):
    """Falls as an inverse power of the step.

    >>> Inverse(1.0, 1.0, 1).values(3)
    array([1.        , 0.5       , 0.33333333])
    """

    begin: float
    rate: float
    steps: int = 1
    power: float = 1.0
    staircase: bool = False

    def at(self, k: Values) -> Values:
        """The formula above."""
        times = k // self.steps if self.staircase else k / self.steps
        found: Values = self.begin / (1 + self.rate * times) ** self.power
        return found

    def code(self, k: str, dialect: Dialect) -> str:  # noqa: ARG002
        """The same."""
        times = f"({k} {'//' if self.staircase else '/'} {self.steps})"
        power = "" if self.power == 1 else f"**{number(self.power)}"
        return f"{number(self.begin)} / (1 + {number(self.rate)} * {times}){power}"

    def scaled(self, factor: float) -> Inverse:
        """Another begin."""
        return Inverse(rounded(self.begin * factor), self.rate, self.steps, self.power, self.staircase)

    @property
    def end(self) -> None:
        """It never ends."""
        return
