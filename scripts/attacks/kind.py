"""A kind of attack: one try of it, and how many there are to be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One row of the table that `make attack` prints.

    Attributes:
        what: what is tried, in a few words.
        attack: one try, from its seed and what `ready` gives: None where Polyak stood it, else one line on the miss.
        tries: how many.
        side_by_side: how many may be under way at once.
        short: whether one try takes seconds; one of minutes is left out where only a few tries are asked for.
        ready: what all tries of this kind share (a server, a folder), made before the first and ended after the last.
    """

    what: str
    attack: Callable[[int, Any], str | None]
    tries: int = 1000
    side_by_side: int = 2
    short: bool = True
    ready: Callable[[], AbstractContextManager[Any]] = nullcontext
