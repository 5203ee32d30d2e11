"""What all bridges have alike: they read the user's batches, and take arrays by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from polyak.frameworks.batches import Batches
from polyak.frameworks.bridge import Batch, Pure
from polyak.ground.errors import PolyakError, unknown

SHOWN = 4  # names in a line
COARSE = {"float16": 3, "bfloat16": 2}


class ReadsBatches:
    """The base of a bridge: it says of its batches what `polyak.frameworks.bridge.Bridge` asks.

    Args:
        batches: what was given as such.
    """

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    @property
    def first(self) -> Batch:
        """The first batch."""
        return self._batches.first

    @property
    def in_order(self) -> bool:
        """Whether they are a list."""
        return self._batches.listed

    @property
    def total_rows(self) -> int | None:
        """How many rows a reading of the batches has, where that is known."""
        return self._batches.total

    def batches(self) -> Iterator[Batch]:
        """The batches read once more."""
        return self._batches.read()

    def batches_by_generators(self) -> Iterator[Batch]:
        """The batches by the generators as they stand."""
        return self._batches.read_by_generators()

    def pure(self) -> Pure | None:
        """None: what JAX cannot compile is trained step by step."""
        return None

    @property
    def shuffles(self) -> bool:
        """Whether a reading has its rows in another order than the one before."""
        return self._batches.shuffles

    def rows(self, batch: Batch, /) -> int:
        """Of a batch."""
        return self._batches.rows(batch)


def places_of(
    arrays: Sequence[object],
    trained: Sequence[object],
    frozen: Iterable[object],
    names: Sequence[str],
    whose: str,
) -> tuple[int | None, ...]:
    """Which of the trained arrays each array is: that very object, not one that is equal; None for a frozen one.

    Raises PolyakError where one is neither, and where a trained one is missing.
    """
    own: dict[int, int | None] = {id(x): None for x in frozen} | {id(x): k for k, x in enumerate(trained)}
    strange = sum(id(x) not in own for x in arrays)
    if strange:
        raise PolyakError(
            f"{strange} of the optimizer's {len(arrays)} arrays are not the model's: expected one made of the"
            f" parameters of this {whose}"
        )
    places = tuple(own[id(x)] for x in arrays)
    missing = [name for k, name in enumerate(names) if k not in places]
    if missing:
        shown = ", ".join(missing[:SHOWN]) + (" ..." if len(missing) > SHOWN else "")
        raise PolyakError(
            f"the optimizer does not hold {shown}, which the model trains: expected all, or frozen ones"
        )
    return places


def in_coarse(dtypes: Iterable[str]) -> str:
    """Words for the types of numbers among these that are coarser than float32; empty where there are none.

    >>> in_coarse(["float32", "bfloat16"]), in_coarse(["float64"])
    (', bfloat16 (good to 2 digits)', '')
    """
    found = [f"{name} (good to {digits} digits)" for name, digits in COARSE.items() if name in set(dtypes)]
    return "".join(f", {each}" for each in found)


def in_order(arrays: Mapping[str, Any], names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Named arrays in the order of the names.

    Raises PolyakError where a name is strange or missing, and where a shape is another.

    >>> in_order({"b": np.ones(2), "a": np.zeros(1)}, ["a", "b"], [(1,), (2,)])
    [array([0.]), array([1., 1.])]
    >>> in_order({"a": np.zeros(3), "b": np.ones(2)}, ["a", "b"], [(1,), (2,)])
    Traceback (most recent call last):
    ...
    polyak.PolyakError: a is of shape (3,), expected (1,)
    """
    strange = next((name for name in arrays if name not in names), None)
    if strange is not None:
        raise unknown("parameter", strange, names)
    missing = [name for name in names if name not in arrays]
    if missing:
        raise PolyakError(f"no array for {', '.join(missing)}: expected one for each trained parameter")
    for name, shape in zip(names, shapes, strict=True):
        if tuple(np.shape(arrays[name])) != shape:
            raise PolyakError(f"{name} is of shape {tuple(np.shape(arrays[name]))}, expected {shape}")
    return [arrays[name] for name in names]
