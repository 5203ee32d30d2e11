"""The rows of the table of schedules: what each framework's name means, and how a course is said there.

A row registers itself: `@reads("torch", "StepLR")` over a function of the arguments that returns the course, its own
signature the names and defaults; `@writes("torch")` over a function of a course that returns its words.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from polyak.ground.errors import PolyakError
from polyak.translate.schedules.course import Course

Reader = Callable[..., Course]
Writer = Callable[[Course], "Written"]


@dataclass(frozen=True)
class Row:
    """A framework's name for a schedule.

    Attributes:
        home: the framework's prefix, or the library that has it.
        name: its own.
        read: the course that its arguments make; of the optimizer's learning rate too, where it is relative.
        relative: whether it multiplies the optimizer's own learning rate, and is given the optimizer.
        counts: what it counts: "steps", "epochs", or "either", as often as the user calls it.
        within: how far from the course its own arithmetic stays, of the largest learning rate.
    """

    home: str
    name: str
    read: Reader
    relative: bool
    counts: str
    within: float = 0.0

    def parameters(self) -> list[inspect.Parameter]:
        """The arguments that a user gives, in their order."""
        skipped = 1 if self.relative else 0
        return list(inspect.signature(self.read).parameters.values())[skipped:]


@dataclass(frozen=True)
class Written:
    """A course in a framework's words.

    Attributes:
        text: the schedule as code; empty where the learning rate is constant.
        base: the optimizer's own learning rate beside it; None where the schedule is the learning rate.
        before: lines that stand before the optimizer's, such as a class.
        until: the step up to which it is the same; None for always.
        said: what else must be known, in words.
        within: how far from it, of the largest learning rate, the framework's own arithmetic stays.
    """

    text: str
    base: float | None = None
    before: str = ""
    until: int | None = None
    said: tuple[str, ...] = ()
    within: float = 0.0


ROWS: dict[tuple[str, str], Row] = {}
WRITERS: dict[str, Writer] = {}
R = TypeVar("R", bound=Reader)


def reads(
    home: str, *names: str, relative: bool = False, counts: str = "steps", within: float = 0.0
) -> Callable[[R], R]:
    """Make a function the reader of a schedule that is called so."""

    def registered(read: R) -> R:
        for name in names:
            ROWS[home, name.lower()] = Row(home, name, read, relative, counts, within)
        return read

    return registered


def writes(home: str) -> Callable[[Writer], Writer]:
    """Make a function the writer of courses in a framework's words."""

    def registered(write: Writer) -> Writer:
        WRITERS[home] = write
        return write

    return registered


def whole(name: str, value: object, at_least: int = 1) -> int:
    """A number of steps; a float that is whole is one.

    >>> whole("T_max", 200.0)
    200
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise PolyakError(f"{name} is {value!r}, expected a whole number from {at_least}")
    return value


def positive(name: str, value: object, *, zero: bool = False) -> float:
    """A number above 0, or from 0."""
    good = not isinstance(value, bool) and isinstance(value, int | float)
    if not good or not (0 <= value < float("inf")) or (value == 0 and not zero):  # type: ignore[operator]
        raise PolyakError(f"{name} is {value!r}, expected a number {'from' if zero else 'above'} 0")
    return float(value)  # type: ignore[arg-type]
