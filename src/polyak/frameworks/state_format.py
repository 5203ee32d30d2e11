"""What every framework's optimizer state holds, whatever it is packed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.frameworks.array_names import Shape
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

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
        names: what the arrays are called there, in their order; empty where the state does not say.
        counts: the steps of each array, where they are not the same number for all; `count` is then None.
        scheduled: whether a schedule inside the optimizer goes by the count.
        share: how much of a gradient the velocity takes in, where the state says so: 1 less the dampening.
    """

    count: int | None = None
    velocity: Arrays = ()
    mean: Arrays = ()
    squares: Arrays = ()
    lr: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    scheduled: bool = False
    share: float | None = None

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The arrays' shapes, in their order."""
        return tuple(tuple(x.shape) for x in self.velocity or self.mean)

    def scaled(self, factor: float) -> Moments:
        """With each velocity times a factor."""
        return replace(self, velocity=tuple(factor * v for v in self.velocity))

    def ordered(self, order: Sequence[int]) -> Moments:
        """The same arrays in another order: the k-th is to be the one that was at `order[k]`."""
        changed: dict[str, Any] = {
            name: tuple(held[k] for k in order)
            for name in ("velocity", "mean", "squares", "names", "counts")
            if (held := getattr(self, name))
        }
        return replace(self, **changed)

    def steps(self, label: str) -> int | None:
        """The number of steps, for a state that has one place for it."""
        if self.counts:
            taken = ", ".join(map(str, sorted({*self.counts})))
            raise PolyakError(
                f"the parameters have taken {taken} steps, and {label} counts one number for all"
            )
        return self.count


@dataclass(frozen=True)
class Places:
    """Where a state is to be filled.

    Attributes:
        names: what the arrays are called, in their order; empty where that is not said.
        shapes: their shapes; None where a fresh state does not say.
        counts: whether there is a place for the number of steps.
        scheduled: whether a schedule inside the optimizer goes by it.
        share: how much of a gradient the velocity takes in, as `Moments.share`.
    """

    names: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] | None = None
    counts: bool = True
    scheduled: bool = False
    share: float | None = None


class Format(Protocol):
    """How one framework packs the states of its optimizers: the `state.py` of its folder."""

    expected: str  # what a state looks like, in words
    naming: str  # how a state comes to say its arrays' names, in words; empty where it never does

    def read(self, state: Pytree, family: str) -> Moments:
        """The slots in a state; a PolyakError for a state of another shape, or for what has no place elsewhere."""

    def places(self, state: Pytree, family: str) -> Places:
        """What a state has room for."""

    def rewritten(self, state: Pytree, moments: Moments, family: str) -> Pytree:
        """A copy of a state with these slots in it; a PolyakError where they do not fit."""

    def fresh(self, name: str, moments: Moments, arguments: dict[str, Any]) -> Pytree:
        """The state of a new optimizer on arrays of these shapes."""


def places_of(moments: Moments, *, counts: bool = True, scheduled: bool = False) -> Places:
    """The places of a state that says all of them itself."""
    return Places(moments.names, moments.shapes, counts, scheduled)


def read_only(values: Iterable[ArrayLike]) -> Arrays:
    """Copies as NumPy arrays."""
    return tuple(np.array(value) for value in values)


def fitting(label: str, new: Sequence[ArrayLike], old: Sequence[ArrayLike]) -> list[NDArray[Any]]:
    """New arrays in the dtypes of the old, which must have their shapes."""
    theirs, ours = [tuple(np.shape(x)) for x in new], [tuple(np.shape(x)) for x in old]
    if theirs != ours:
        raise PolyakError(f"{label}: the slots have the shapes {theirs}, expected {ours}")
    return [np.asarray(x).astype(np.asarray(y).dtype) for x, y in zip(new, old, strict=True)]


def in_words(state: object) -> str:
    """What a state is, for a message.

    >>> in_words({"a": 1})
    "a dict of 'a'"
    """
    inside = f" of {', '.join(map(repr, state))}"[:60] if isinstance(state, dict) else ""
    return f"a {type(state).__name__}{inside}"
