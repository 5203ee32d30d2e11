"""A course that is counted in epochs: it stays for as many steps as an epoch has."""

from __future__ import annotations

from dataclasses import dataclass

from polyak.translate.schedules.course import Course, Dialect, Values


@dataclass(frozen=True)
class Epochs(Course):
    """The course of epochs, step by step: at step k that of epoch k // n.

    >>> from polyak.translate.schedules.courses.ramp import Ramp
    >>> Epochs(Ramp(0.0, 1.0, 2), 3).values(8)
    array([0. , 0. , 0. , 0.5, 0.5, 0.5, 1. , 1. ])
    """

    course: Course
    steps: int

    def at(self, k: Values) -> Values:
        """That of the epoch."""
        return self.course.at(k // self.steps)

    def code(self, k: str, dialect: Dialect) -> str:
        """The same of the epoch."""
        return self.course.code(f"({k} // {self.steps})", dialect)

    def scaled(self, factor: float) -> Epochs:
        """The course scaled."""
        return Epochs(self.course.scaled(factor), self.steps)

    @property
    def end(self) -> int | None:
        """The first step of the epoch from which it is constant."""
        return None if self.course.end is None else self.course.end * self.steps

    def corners(self) -> tuple[int, ...]:
        """Those of the course, in steps."""
        return tuple(self.steps * corner for corner in self.course.corners())


def in_epochs(course: Course, steps: int) -> Course:
    """A course whose steps are epochs, of so many steps each; in plain words where there are any.

    >>> from polyak.translate.schedules.courses.drops import Drops
    >>> in_epochs(Drops(1.0, (30,), (0.1,)), 100)
    Drops(begin=1.0, at_steps=(3000,), factors=(0.1,))
    """
    from polyak.translate.schedules.courses.constant import Constant
    from polyak.translate.schedules.courses.drops import Drops
    from polyak.translate.schedules.courses.exponential import Exponential

    if steps == 1 or isinstance(course, Constant):
        return course
    if isinstance(course, Drops):
        return Drops(course.begin, tuple(steps * at for at in course.at_steps), course.factors)
    if isinstance(course, Exponential) and (course.staircase or course.steps == 1):
        return Exponential(course.begin, course.rate, course.steps * steps, True, course.to)
    return Epochs(course, steps)
