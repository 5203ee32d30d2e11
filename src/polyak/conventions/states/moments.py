"""What every framework's optimizer state holds, whatever it is packed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from polyak.errors import PolyakError

Arrays = tuple[NDArray[Any], ...]
MOMENTUM, ADAM = "momentum", "Adam"


@dataclass(frozen=True)
class Moments:
    """The slots of an optimizer on a list of arrays.

    Attributes:
        count: how many steps were taken; None where the state does not say.
        velocity: the momentum buffers, with the sign that x <- x - ... takes; empty where there are none.
        mean: the averaged gradients, not corrected for their start; empty where there are none.
        squares: the averaged squares, not corrected.
        lr: the learning rates that the state holds beside; empty where it holds none.
    """

    count: int | None = None
    velocity: Arrays = ()
    mean: Arrays = ()
    squares: Arrays = ()
    lr: tuple[float, ...] = ()

    def scaled(self, factor: float) -> Moments:
        """With each velocity times a factor."""
        return replace(self, velocity=tuple(factor * v for v in self.velocity))


class Format(Protocol):
    """How one framework packs the states of its optimizers: a module of this folder."""

    expected: str  # what a state looks like, in words

    def read(self, state: Any, family: str) -> Moments:
        """The slots in a state; a PolyakError for a state of another shape."""

    def rewritten(self, state: Any, moments: Moments, family: str) -> Any:
        """A copy of a state with these slots in it; a PolyakError where they do not fit."""

    def fresh(self, name: str, moments: Moments, arguments: dict[str, Any]) -> Any:
        """The state of a new optimizer on arrays of these shapes."""


def read_only(values: Iterable[Any]) -> Arrays:
    """Copies as NumPy arrays."""
    return tuple(np.array(value) for value in values)


def fitting(label: str, new: Sequence[Any], old: Sequence[Any]) -> list[NDArray[Any]]:
    """New arrays in the dtypes of the old, which must have their shapes."""
    theirs, ours = [tuple(np.shape(x)) for x in new], [tuple(np.shape(x)) for x in old]
    if theirs != ours:
        raise PolyakError(f"{label}: the slots have the shapes {theirs}, expected {ours}")
    return [np.asarray(x).astype(np.asarray(y).dtype) for x, y in zip(new, old, strict=True)]


def in_words(state: Any) -> str:
    """What a state is, for a message.

    >>> in_words({"a": 1})
    "a dict of 'a'"
    """
    inside = f" of {', '.join(map(repr, state))}"[:60] if isinstance(state, dict) else ""
    return f"a {type(state).__name__}{inside}"
