"""The axes of a sweep: which values of a hyper-parameter its cells take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import SupportsFloat, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown

SPACINGS = ("log", "linear", "memory")
MOST_VALUES = 100_000_000


@dataclass(frozen=True)
class Axis(Shown):
    """The values of one hyper-parameter, or, with no count, the range that values are drawn from.

    Made by `log`, `linear`, `memory` and `values`.
    """

    spacing: str
    low: float
    high: float
    count: int | None = None
    given: tuple[float, ...] = ()

    def values(self, name: str = "an axis") -> NDArray[np.float64]:
        """The values in their order, shape (count,).

        >>> log(1, 100, 3).values()
        array([  1.,  10., 100.])
        """
        if self.given:
            return np.array(self.given)
        numbers = self.at(np.linspace(0.0, 1.0, self.length(name)))
        # The ends as they were given, whatever rounding does.
        numbers[0], numbers[-1] = self.ends
        if (numbers[1:] <= numbers[:-1]).any():
            raise PolyakError(
                f"the axis of {name}, {self.spelled()}, holds fewer than {self.count} different numbers"
            )
        return numbers

    def length(self, name: str = "an axis") -> int:
        """How many values it has; a range to draw from has no number of them."""
        if self.count is None:
            raise PolyakError(
                f"the axis of {name} says no count, such as {self.spelled(5)}: a grid needs one"
            )
        return self.count

    def at(self, place: ArrayLike) -> NDArray[np.float64]:
        """The values at places from 0, the axis's lower end, to 1, its upper one.

        >>> memory(1, 100).at(np.array([0.0, 0.5, 1.0]))
        array([0.  , 0.9 , 0.99])
        """
        place = np.asarray(place, dtype=np.float64)
        if self.given:
            last = len(self.given) - 1
            return np.asarray(np.array(self.given)[np.minimum((place * (last + 1)).astype(int), last)])
        if self.spacing == "linear":
            return np.asarray(self.low + place * (self.high - self.low))
        between = self.low * (self.high / self.low) ** place
        return np.asarray(between if self.spacing == "log" else 1 - 1 / between)

    def spelled(self, count: int | None = None) -> str:
        """The axis as the terminal takes it.

        >>> log(1e-3, 2, 1000).spelled()
        'log:0.001:2:1000'
        """
        if self.given:
            return ",".join(map(exactly, self.given))
        count = self.count if count is None else count
        return ":".join(
            [self.spacing, exactly(self.low), exactly(self.high), *([] if count is None else [str(count)])]
        )

    def __str__(self) -> str:
        return self.spelled()

    @property
    def scale(self) -> str:
        """How a picture of it is scaled: log, linear or memory."""
        if not self.given:
            return self.spacing
        steps = np.diff(np.array(self.given))
        positive = min(self.given) > 0
        return "log" if positive and len(steps) > 1 and steps.max() > 3 * steps.min() else "linear"

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest value and the highest.

        >>> memory(1, 100).ends
        (0.0, 0.99)
        """
        if self.spacing == "memory":
            return 1 - 1 / self.low, 1 - 1 / self.high
        return self.low, self.high


def log(low: float, high: float, count: int | None = None) -> Axis:
    """Values at equal ratios from `low` to `high`, both included: for a learning rate.

    Args:
        low: above 0.
        high: above `low`.
        count: how many, at least 2; none for a range to draw from.

    Raises PolyakError for an axis that is empty, reversed or of one cell.

    >>> log(0.01, 1, 3).values()
    array([0.01, 0.1 , 1.  ])
    """
    return _between("log", low, high, count)


def linear(low: float, high: float, count: int | None = None) -> Axis:
    """Values at equal distances from `low` to `high`, both included.

    >>> linear(0, 0.9, 4).values()
    array([0. , 0.3, 0.6, 0.9])
    """
    return _between("linear", low, high, count)


def memory(low: float, high: float, count: int | None = None) -> Axis:
    r"""Momenta whose memory, 1 / (1 - \gamma) steps, goes at equal ratios from `low` to `high`.

    Equal steps in momentum crowd where it does nothing and miss where it does all: from 0.9 to 0.99 is as far as from
    0 to 0.9.

    Args:
        low: in steps, at least 1, which is no momentum.
        high: in steps, above `low`; 100 is momentum 0.99.
        count: how many, at least 2; none for a range to draw from.

    >>> memory(1, 100, 3).values()
    array([0.  , 0.9 , 0.99])
    """
    return _between("memory", low, high, count)


def values(numbers: Iterable[float]) -> Axis:
    """The values given, in ascending order, at least two.

    >>> values([0, 0.5, 0.9]).values()
    array([0. , 0.5, 0.9])
    """
    try:
        given = tuple(finite_number("a value of an axis", number) for number in numbers)
    except TypeError:
        raise PolyakError(f"{numbers!r} is no axis, expected values such as [0.1, 0.2]") from None
    if len(given) < 2:
        raise PolyakError(
            f"an axis of {_count(len(given))}, expected two values at least: give one as a setting"
        )
    if any(later <= earlier for earlier, later in pairwise(given)):
        shown = ", ".join(map(exactly, given[:5]))
        raise PolyakError(f"an axis of {shown}{' ...' * (len(given) > 5)}, expected ascending values")
    return Axis("values", given[0], given[-1], len(given), given)


def as_axis(value: object) -> Axis | None:
    """An axis from one, or from a list, a range or an array of values; None for anything else, which is a setting."""
    if isinstance(value, Axis):
        return value
    if isinstance(value, list | tuple | range) or getattr(value, "ndim", 0) == 1:
        return values(cast("Iterable[float]", value))
    return None


def axis_from(text: str) -> Axis:
    """The axis that a text spells: log:LOW:HIGH:COUNT, linear:..., memory:..., or values parted by commas.

    Raises PolyakError with what is wrong in it.

    >>> axis_from("memory:1:200:50")
    Axis(memory:1:200:50)
    >>> axis_from("logg:1:2:3")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown spacing of an axis 'logg', did you mean 'log'? (there are: log, linear, memory)
    """
    spacing, colon, rest = text.partition(":")
    if not colon:
        words = [word.strip() for word in text.split(",") if word.strip()]
        if not words:
            raise PolyakError(f"'{text}' is no axis, expected log:1e-3:1:50 or values such as 0.1,0.2")
        return values(_word(word) for word in words)
    if spacing not in SPACINGS:
        raise unknown("spacing of an axis", spacing, SPACINGS)
    ends = rest.split(":")
    if len(ends) not in (2, 3):
        raise PolyakError(f"'{text}' has {len(ends)} numbers, expected {spacing}:LOW:HIGH:COUNT")
    count = None if len(ends) == 2 else _word(ends[2])
    return _between(spacing, _word(ends[0]), _word(ends[1]), count)


def _between(spacing: str, low: object, high: object, count: object) -> Axis:
    lowest = finite_number(f"the lower end of a {spacing} axis", low)
    highest = finite_number(f"the upper end of a {spacing} axis", high)
    least = {"log": "above 0", "memory": "of at least 1 step"}.get(spacing)
    if (spacing == "log" and lowest <= 0) or (spacing == "memory" and lowest < 1):
        raise PolyakError(
            f"the lower end of a {spacing} axis is {readable(lowest, 6)}, expected a number {least}"
        )
    between = f"a {spacing} axis from {readable(lowest, 6)} to {readable(highest, 6)}"
    if lowest > highest:
        raise PolyakError(f"{between} is reversed, expected the lower end first")
    if lowest == highest:
        raise PolyakError(f"{between} has one value: give it as a setting")
    if math.isinf(highest / lowest if spacing == "log" else highest - lowest):
        raise PolyakError(f"{between} is wider than numbers go")
    if count is None:
        return Axis(spacing, lowest, highest)
    length = whole_number("the count of an axis", count, at_least=0, at_most=MOST_VALUES)
    if length < 2:
        raise PolyakError(f"an axis of {_count(length)}, expected two at least: give one value as a setting")
    return Axis(spacing, lowest, highest, length)


def exactly(number: float) -> str:
    """A number in as few digits as tell it from every other."""
    return readable(number, 6) if float(readable(number, 6)) == number else repr(number)


def _count(count: int) -> str:
    return {0: "no value", 1: "one value"}.get(count, f"{count} values")


def finite_number(what: str, value: object) -> float:
    """`value` as a float if it is a finite number, else a one-line error that says `what` it is."""
    try:
        number = math.nan if isinstance(value, bool | str | bytes) else float(cast("SupportsFloat", value))
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise PolyakError(f"{what} is {value!r}, expected a finite number")
    return number


def _word(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise PolyakError(f"'{word}' on an axis, expected a number") from None
