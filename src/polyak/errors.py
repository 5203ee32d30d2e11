"""What is wrong with an input, in one line: what came, what was expected, the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, cast


class PolyakError(ValueError):
    """An input that cannot be used.

    Its text is one line that says what was wrong and what was expected. The terminal prints that
    line and exits with 2; in Python it is a `ValueError`.

    >>> raise PolyakError("steps is -3, expected a whole number of at least 1")
    Traceback (most recent call last):
    ...
    polyak.errors.PolyakError: steps is -3, expected a whole number of at least 1
    """

    def __init__(self, text: str) -> None:
        # What a message quotes, such as another library's error or a name, may have lines of its own.
        super().__init__(" ".join(line.strip() for line in text.splitlines()))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None if none is much like it.

    >>> nearest("heavy_bal", ["adam", "heavy_ball"])
    'heavy_ball'
    >>> nearest("Heavy-Ball", ["adam", "heavy_ball"])
    'heavy_ball'
    """
    spelled = {plain(candidate): candidate for candidate in known}
    matches = difflib.get_close_matches(plain(name), spelled, n=1, cutoff=0.5)
    return spelled[matches[0]] if matches else None


def plain(name: str) -> str:
    """A name as it is looked up: lower case, words joined by underscores."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def unknown(kind: str, name: str, known: Iterable[str]) -> PolyakError:
    """The error for a name that is not among the known ones.

    >>> print(unknown("rule", "heavybal", ["adam", "heavy_ball"]))
    unknown rule 'heavybal', did you mean 'heavy_ball'? (there are: adam, heavy_ball)
    """
    known = list(known)
    suggestion = nearest(name, known)
    hint = f", did you mean '{suggestion}'?" if suggestion else ""
    return PolyakError(f"unknown {kind} '{name}'{hint} (there are: {', '.join(known)})")


def whole_number(name: str, value: object, at_least: int, at_most: int | None = None) -> int:
    """`value` as an int if it is a whole number within bounds, else a one-line error.

    >>> whole_number("steps", 20, at_least=1)
    20
    >>> whole_number("steps", 0, at_least=1)
    Traceback (most recent call last):
    ...
    polyak.errors.PolyakError: steps is 0, expected a whole number of at least 1
    """
    bounds = f"of at least {at_least}" if at_most is None else f"from {at_least} to {at_most}"
    complaint = PolyakError(f"{name} is {value!r}, expected a whole number {bounds}")
    try:
        number = int(cast("Any", value))
        exact = bool(number == value)
    except (TypeError, ValueError, OverflowError):
        raise complaint from None
    if isinstance(value, bool | str) or not exact:
        raise complaint
    if number < at_least or (at_most is not None and number > at_most):
        raise complaint
    return number
