"""What a quantity is computed from: the training at one reading, as arrays that are looked at and not copied.

Every array is NumPy's, one for each of the model's trained arrays, in the order of `layers`. On a CPU they are views of
the user's own, never to be written into; on another device they are copies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.live import Arrays, Live


@dataclass(frozen=True, eq=False)
class Context:
    """One reading.

    Attributes:
        step: after which it is.
        layers: the names of the trained arrays.
        live: the training as it is.
        gradients: what the step was taken by; where the framework holds none, `own_gradients`.
        own_gradients: those of the rows read, at today's parameters, by the watch itself and never clipped; None where
            that failed.
        updates: what the step changed; None at a reading that no step before had prepared, and to what is not
            `of_update`.
        held: whether `gradients` are the optimizer's own.
        kept: what the quantity's own `before` returned, some steps before; None where it did not run.
        rows: of the batch that were read, whose are `own_gradients`; 0 where that is not known.
        other_gradients: another batch's at the same parameters, by the watch itself; None at most readings.
        other_rows: of that batch.
        seen: what was looked at already, for all the contexts of one moment.
    """

    step: int
    layers: tuple[str, ...]
    live: Live
    gradients: Arrays | None
    own_gradients: Arrays | None
    updates: Arrays | None
    held: bool
    kept: object
    rows: int
    other_gradients: Arrays | None = None
    other_rows: int = 0
    seen: dict[str, Any] = field(default_factory=dict)

    def _once(self, name: str, look: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is looked at
        if name not in self.seen:
            self.seen[name] = look()
        return self.seen[name]

    @property
    def parameters(self) -> Arrays:
        """The parameters after the step."""
        found: Arrays = self._once("parameters", self.live.parameters)
        return found

    @property
    def slots(self) -> Mapping[str, Arrays]:
        """The optimizer's state, by our names."""
        found: Mapping[str, Arrays] = self._once("slots", self.live.slots)
        return found

    @property
    def settings(self) -> Mapping[str, float]:
        """The first group's numbers."""
        found: Mapping[str, float] = self._once("settings", self.live.settings)
        return found

    @property
    def velocity(self) -> Arrays | None:
        """The velocity, or the mean of an adaptive rule; None where there is neither."""
        slots = self.slots
        return slots.get("velocity", slots.get("mean"))


def dot(one: Sequence[NDArray[np.floating]], other: Sequence[NDArray[np.floating]]) -> float:
    """The inner product of two lists of arrays, without a copy of either.

    >>> dot([np.ones(2), np.full((1, 2), 3.0)], [np.ones(2), np.ones((1, 2))])
    8.0
    """
    return float(sum(float(np.vdot(a, b)) for a, b in zip(one, other, strict=True)))


def norms(arrays: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """The length of each array.

    >>> norms([np.array([3.0, 4.0]), np.zeros((2, 2))]).tolist()
    [5.0, 0.0]
    """
    return np.sqrt([float(np.vdot(a, a)) for a in arrays])


def norm(arrays: Sequence[NDArray[np.floating]]) -> float:
    """The length of all of them as one vector.

    >>> norm([np.array([3.0]), np.array([[4.0]])])
    5.0
    """
    return math.sqrt(dot(arrays, arrays))


def cosine(one: Sequence[NDArray[np.floating]], other: Sequence[NDArray[np.floating]]) -> float:
    """Of the angle between two vectors; nan where one is zero.

    >>> cosine([np.array([1.0, 0.0])], [np.array([-2.0, 0.0])])
    -1.0
    """
    size = norm(one) * norm(other)
    return dot(one, other) / size if size > 0 else math.nan
