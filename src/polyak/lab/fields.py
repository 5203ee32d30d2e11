"""A panel's own parts of the state: in every link, and checked wherever a state comes from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.lab.offer import Offer
from polyak.lab.state import Value


@dataclass(frozen=True)
class Field:
    """One value that a panel keeps in the state.

    Attributes:
        name: in the state and in the link.
        begin: what it is where nothing is said, for what a lab has.
        checked: a value from outside, if it may stand here; else it raises a PolyakError.
    """

    name: str
    begin: Callable[[Offer], Value]
    checked: Callable[[object, Offer], Value]


def whole(name: str, begin: int, at_least: int, at_most: int) -> Field:
    """A whole number within bounds.

    >>> whole("epochs", 2, 1, 20).checked(3.0, None)
    3
    """
    return Field(
        name, lambda _: begin, lambda value, _: whole_number(name, value, at_least=at_least, at_most=at_most)
    )


def one_of(name: str, options: Callable[[Offer], Iterable[str]]) -> Field:
    """One of several words, the first to begin with.

    >>> one_of("signal", lambda _: ("noisy", "step")).begin(None)
    'noisy'
    """
    return Field(
        name, lambda offer: next(iter(options(offer))), lambda value, offer: word(name, value, options(offer))
    )


def word(kind: str, value: object, options: Iterable[str]) -> str:
    """The value if it is one of these words."""
    options = list(options)
    if not isinstance(value, str) or value not in options:
        raise unknown(kind, str(value), options)
    return value


def switch(name: str, value: object) -> bool:
    """The value if it is true or false."""
    if not isinstance(value, bool):
        raise PolyakError(f"{name} is {value!r}, expected true or false")
    return value
