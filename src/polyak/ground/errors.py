"""What is wrong with an input, in one line: what came, what was expected, the nearest right name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, cast

MOST_ECHOED = 80  # letters of what somebody typed
LONGEST_WORD = 120  # letters of any word of ours, such as an address or a path
LONGEST = 1000  # letters of a line
_QUOTED = re.compile(rf"(?<!\w)(?:'[^']{{{MOST_ECHOED + 1},}}'|\"[^\"]{{{MOST_ECHOED + 1},}}\")(?!\w)")
_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")


class PolyakError(ValueError):
    """An input that cannot be used.

    Its text is one line that says what was wrong and what was expected. The terminal prints that
    line and exits with 2; in Python it is a `ValueError`.

    >>> raise PolyakError("steps is -3, expected a whole number of at least 1")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: steps is -3, expected a whole number of at least 1
    """

    __module__ = "polyak"  # as people import it, and as it stands in a traceback

    def __init__(self, text: str) -> None:
        # What a message quotes, such as another library's error or a name, may have lines of its own, or no end.
        super().__init__(in_short(" ".join(line.strip() for line in text.splitlines())))


def cut(text: str, most: int = MOST_ECHOED) -> str:
    """Its beginning and its end where it is longer than `most` letters.

    >>> cut("heavy_ball"), cut("0123456789", 7)
    ('heavy_ball', '01...89')
    """
    kept = (most - 3) // 2
    return text if len(text) <= most else f"{text[:kept]}...{text[-kept:]}"


def in_short(line: str, typed: Iterable[str] = ()) -> str:
    """A line in which nothing is echoed at length: no quotation, no word, and nothing of what was typed.

    >>> in_short(f"unknown rule '{'x' * 5000}'") == f"unknown rule '{'x' * 38}...{'x' * 38}'"
    True
    """
    line = _QUOTED.sub(lambda found: cut(found[0], MOST_ECHOED + 2), line)
    line = cut(_WORD.sub(lambda found: cut(found[0]), line), LONGEST)
    for words in typed:
        line = _without(line, words)
    return line


def _without(line: str, words: str) -> str:
    """The line, with no more than `MOST_ECHOED` letters on end of the words."""
    start, most = 0, MOST_ECHOED
    while len(words) > most and start + most < len(line):
        end = start + most + 1
        if line[start:end] in words:
            while end < len(line) and line[start : end + 1] in words:
                end += 1
            line = line[:start] + cut(line[start:end]) + line[end:]
            start += most - 1
        start += 1
    return line


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


def a_or_an(noun: str) -> str:
    """A noun with its article, by its first letter.

    >>> a_or_an("dict"), a_or_an("int")
    ('a dict', 'an int')
    """
    return f"{'an' if noun[:1] in 'aeiouAEIOU' else 'a'} {noun}"


def whole_number(name: str, value: object, at_least: int, at_most: int | None = None) -> int:
    """`value` as an int if it is a whole number within bounds, else a one-line error.

    >>> whole_number("steps", 20, at_least=1)
    20
    >>> whole_number("steps", 0, at_least=1)
    Traceback (most recent call last):
    ...
    polyak.PolyakError: steps is 0, expected a whole number of at least 1
    """
    bounds = f"of at least {at_least}" if at_most is None else f"from {at_least} to {at_most}"
    try:
        spelled = repr(value)
    except ValueError:  # thousands of digits, which Python does not spell
        spelled = "of too many digits"
    complaint = PolyakError(f"{name} is {spelled}, expected a whole number {bounds}")
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
