"""What every framework's optimizer state holds, whatever it is packed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.frameworks.array_names import Shape
from polyak.frameworks.state_families import IN_WORDS, SLOTS, Family
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

Arrays = tuple[NDArray[Any] | None, ...]  # None for an array without a step yet
LOW = 4  # bytes: a number of fewer is multiplied in float32


@dataclass(frozen=True)
class Moments:
    """The slots of an optimizer on a list of arrays; of each kind that there are, one for every array.

    Attributes:
        count: how many steps were taken; None where the state does not say.
        velocity: the momentum buffers, with the sign that x <- x - ... takes; empty where there are none.
        mean: the averaged gradients, not corrected for their start.
        squares: the averaged squares, not corrected, or their sum.
        largest: the largest averaged squares so far, amsgrad's.
        step_squares: the averaged squares of the steps, Adadelta's.
        lr: the learning rates that the state holds beside; empty where it holds none.
        names: what the arrays are called there, in their order; empty where the state does not say.
        counts: the steps of each array, where they are not the same number for all; `count` is then None.
        products: the product of each array's momenta so far, NAdam's.
        scheduled: whether a schedule inside the optimizer goes by the count.
        share: how much of a gradient the velocity takes in, where the state says so: 1 less the dampening.
        corrected: whether the largest squares are of those that are corrected for their start.
    """

    count: int | None = None
    velocity: Arrays = ()
    mean: Arrays = ()
    squares: Arrays = ()
    largest: Arrays = ()
    step_squares: Arrays = ()
    lr: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    products: tuple[float, ...] = ()
    scheduled: bool = False
    share: float | None = None
    corrected: bool = False

    @property
    def held(self) -> tuple[str, ...]:
        """The kinds of slots that there are."""
        return tuple(name for name in SLOTS if getattr(self, name))

    @property
    def arrays(self) -> Arrays:
        """The slots of one kind, for their shapes and how many they are."""
        return getattr(self, self.held[0]) if self.held else ()

    @property
    def shapes(self) -> tuple[Shape | None, ...]:
        """The arrays' shapes, in their order; None for one without a step yet."""
        return tuple(None if x is None else tuple(x.shape) for x in self.arrays)

    @property
    def fresh(self) -> tuple[int, ...]:
        """The places of the arrays that have taken no step yet."""
        return tuple(k for k, shape in enumerate(self.shapes) if shape is None)

    def scaled(self, factor: float) -> Moments:
        """With each velocity times a factor."""
        return (
            self if factor == 1 else replace(self, velocity=tuple(_times(factor, v) for v in self.velocity))
        )

    def ordered(self, order: Sequence[int | None]) -> Moments:
        """The same arrays in another order: the k-th is to be the one that was at `order[k]`, None for none of them."""
        changed: dict[str, Any] = {
            name: tuple(None if k is None else held[k] for k in order)
            for name in SLOTS
            if (held := getattr(self, name))
        }
        for name, nothing in (("names", ""), ("counts", 0), ("products", 1.0)):
            if held := getattr(self, name):
                changed[name] = tuple(nothing if k is None else held[k] for k in order)
        return replace(self, **changed)

    def begun(self) -> Moments:
        """Those arrays alone that have taken a step."""
        return self.ordered([k for k, shape in enumerate(self.shapes) if shape is not None])

    def steps(self, label: str, family: Family | None = None) -> int | None:
        """The number of steps, for a state that has one place for it; the most, where none goes by it."""
        if self.counts:
            told = {count for count, shape in zip(self.counts, self.shapes, strict=True) if shape is not None}
            if len(told) == 1 or not (family is None or family.counted or self.scheduled):
                return max(told)
            taken = ", ".join(map(str, sorted(told)))
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
        corrected: whether the largest squares are of corrected ones, as `Moments.corrected`; None where it has none.
        starts: whether an array may go without a state until its first step.
    """

    names: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] | None = None
    counts: bool = True
    scheduled: bool = False
    share: float | None = None
    corrected: bool | None = None
    starts: bool = False


class Format(Protocol):
    """How one framework packs the states of its optimizers: the `state.py` of its folder."""

    expected: str  # what a state looks like, in words
    naming: str  # how a state comes to say its arrays' names, in words; empty where it never does

    def held(self, state: Pytree, family: Family) -> tuple[str, ...] | None:
        """The family's slots that a state has; None where it does not tell."""

    def read(self, state: Pytree, family: Family) -> Moments:
        """The slots in a state; a PolyakError for a state of another shape, or for what has no place elsewhere."""

    def places(self, state: Pytree, family: Family) -> Places:
        """What a state has room for."""

    def rewritten(self, state: Pytree, moments: Moments, family: Family) -> Pytree:
        """A copy of a state with these slots in it; a PolyakError where they do not fit."""

    def fresh(self, name: str, moments: Moments, arguments: dict[str, Any], family: Family) -> Pytree:
        """The state of a new optimizer on arrays of these shapes."""


def in_common(steps: Sequence[int | None]) -> tuple[int | None, tuple[int, ...]]:
    """`count` and `counts` of a state that says the steps of each array; None for an array that says none.

    >>> in_common([3, None, 3]), in_common([3, None, 4]), in_common([None])
    ((3, ()), (None, (3, 0, 4)), (None, ()))
    """
    known = {step for step in steps if step is not None}
    if len(known) == 1:
        return known.pop(), ()
    return None, tuple(step or 0 for step in steps) if known else ()


def places_of(moments: Moments, *, counts: bool = True, scheduled: bool = False) -> Places:
    """The places of a state that says all of them itself."""
    shapes = tuple(() if shape is None else shape for shape in moments.shapes)
    return Places(moments.names, shapes, counts, scheduled)


def read_only(values: Iterable[ArrayLike]) -> Arrays:
    """The numbers as they lie in memory, where that can be: views that own nothing and write nothing."""
    return tuple(_view(value) for value in values)


def _view(value: ArrayLike) -> NDArray[Any]:
    view = np.asarray(value).view()
    view.flags.writeable = False
    return view


def nothing_of(values: Arrays) -> list[NDArray[Any]]:
    """Zeros of these shapes that take no memory."""
    return [np.broadcast_to(np.zeros((), x.dtype), x.shape) for x in values if x is not None]


def negated(values: Arrays) -> Arrays:
    """Velocities with their sign turned, for a side that adds what the other subtracts."""
    return tuple(_times(-1.0, v) for v in values)


def _times(factor: float, v: NDArray[Any] | None) -> NDArray[Any] | None:
    """An array of ours, in float32 where its own numbers are shorter: a new one, but where it was ours already."""
    if v is None:
        return None
    if v.dtype.itemsize < LOW and factor != -1:
        return np.asarray(np.multiply(v, factor, dtype=np.float32))
    own = v.flags.owndata and v.flags.writeable
    return np.asarray(np.multiply(v, v.dtype.type(factor), out=v if own else None))


def fitting(label: str, new: Sequence[ArrayLike | None], old: Sequence[ArrayLike]) -> list[NDArray[Any]]:
    """New arrays in the dtypes of the old, which must have their shapes; those that are None stay as they are."""
    theirs = [np.shape(y) if x is None else np.shape(x) for x, y in zip(new, old, strict=False)]
    ours = [tuple(np.shape(x)) for x in old]
    if [*map(tuple, theirs)] != ours or len(new) != len(old):
        raise PolyakError(f"{label}: the slots have the shapes {[*map(tuple, theirs)]}, expected {ours}")
    return [np.array(y) if x is None else owned(x, _dtype(y)) for x, y in zip(new, old, strict=True)]


def owned(x: ArrayLike, dtype: np.dtype[Any] | None = None) -> NDArray[Any]:
    """The numbers in memory of their own: a copy of what is another's, once."""
    array = np.asarray(x)
    own = array.flags.owndata and array.flags.writeable
    return array.astype(dtype or array.dtype, copy=not own)


def _dtype(x: ArrayLike) -> np.dtype[Any]:
    return np.dtype(getattr(x, "dtype", None) or np.asarray(x).dtype)


def settled(label: str, family: Family, held: Iterable[str]) -> None:
    """Refuse a state whose slots are not those of the family, once it is known which these are."""
    there = {*held}
    for name in family.slots:
        if name not in there:
            raise PolyakError(
                f"{label}: the state holds no {IN_WORDS[name]}, expected that of the {family.name} family"
            )
    for name in SLOTS:
        if name in there and name not in family.all:
            raise PolyakError(
                f"{label}: the state holds {IN_WORDS[name]}, which the other side has no place for"
            )


def in_words(state: object) -> str:
    """What a state is, for a message.

    >>> in_words({"a": 1})
    "a dict of 'a'"
    """
    inside = f" of {', '.join(map(repr, state))}"[:60] if isinstance(state, dict) else ""
    return f"a {type(state).__name__}{inside}"
