"""A training as it is now, whichever framework runs it: what a watch asks of the `live.py` of a framework's folder.

Every array is NumPy's, one for each of the model's trained arrays, in the order of the bridge's names. On a CPU they
are views of the user's own, never to be written into; on another device they are copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Bridge
from polyak.frameworks.reading import Reading
from polyak.ground.types import Pytree

Arrays = tuple[NDArray[np.floating[Any]], ...]


class Live(Protocol):
    """An optimizer and the model whose parameters it moves.

    Attributes:
        label: the optimizer's: "torch's SGD".
        kind: its class.
        dtypes: of the trained arrays.
        lr_in_velocity: whether the velocity holds the learning rate; None where that is not known.
        holds: whether the optimizer is one object that trains one model: a second watch on it is refused.
    """

    label: str
    kind: str
    dtypes: tuple[str, ...]
    holds: bool

    @property
    def lr_in_velocity(self) -> bool | None:
        """As said above."""

    def given(self, params: Pytree, state: Pytree) -> None:
        """What a step handed over, where the framework holds nothing; a PolyakError where it does."""

    def stepped(self) -> bool:
        """Whether the optimizer has taken a step since this was last asked.

        Raises PolyakError where it never has, and where the parameters moved without it.
        """

    def close(self) -> None:
        """Leave the optimizer as it was."""

    def here(self) -> AbstractContextManager[None]:
        """What is opened by the bridge inside is the model at today's parameters."""

    def reading(self) -> Reading:
        """The optimizer's rule and its state today."""

    def rules(self) -> Reading | None:
        """The same with its state left where it is; None where only the whole can be had."""

    def part_of(self, batch: Batch, rows: int, /) -> Batch:
        """The first rows of a batch; itself where the loss of these would not be of the same kind."""

    def parameters(self) -> Arrays:
        """The parameters after the step."""

    def gradients(self) -> Arrays | None:
        """What the step was taken by, clipped where it was; None where the framework does not hold it."""

    def slots(self) -> Mapping[str, Arrays]:
        """The optimizer's state by our rules' names: velocity, mean, squares; of those that it holds now."""

    def settings(self) -> Mapping[str, float]:
        """The first group's numbers as they are now, by our rules' names: lr, momentum, beta2, eps ..."""

    def numbers(self) -> tuple[float, ...]:
        """All groups' numbers, to tell whether one has changed."""

    def modes(self) -> Mapping[str, bool]:
        """Whether each of the model's modules trains, by its name; empty where there are no modes."""

    def count(self) -> float:
        """The optimizer's own count of steps; nan where it keeps none."""

    def batch_numbers(self, batch: Batch) -> tuple[float, bool]:
        """The mean size of a batch's real numbers, nan where it has none, and whether all are finite."""


class Lives(Protocol):
    """How one framework knows its own trainings: the `live.py` of its folder."""

    def live(self, optimizer: object, bridge: Bridge) -> Live | None:
        """The training of a model by an optimizer, if that is one of this framework's; None if not."""


def numbers_of(leaves: Iterable[object]) -> tuple[float, bool]:
    """The mean size of the real numbers among some arrays, and whether all are finite.

    >>> numbers_of([np.array([1.0, -3.0]), np.array([7])])
    (2.0, True)
    """
    size, count = 0.0, 0
    for leaf in leaves:
        x = np.asarray(leaf)
        if x.dtype.kind == "f":
            size, count = size + float(np.abs(x).sum(dtype=np.float64)), count + x.size
    return (size / count, bool(np.isfinite(size))) if count else (np.nan, True)
