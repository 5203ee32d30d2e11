"""What an operation is: its value, and how a gradient of its result becomes gradients of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from polyak.book.gluonbook.mx.values import Array, Numbers

Pull = Callable[..., Numbers]


class Recorded(Protocol):
    """An operation's result as it was recorded: what the operation had, and what came of it."""

    values: tuple[Array, ...]
    options: dict[str, object]
    out: Array


@dataclass(frozen=True)
class Operation:
    """An operation on arrays.

    Attributes:
        name: as in MXNet.
        forward: forward(xp, *values, **options) -> the result; xp is NumPy, or JAX's NumPy inside a compiled
            training.
        pulls: for each input, pull(g, out, *values, **options) -> the gradient of that input; None where there
            is none. The last stands for all further inputs.
        broadcasts: whether inputs spread to one shape, so that gradients are summed back to theirs.
        numbered: whether a pull is told, as `position`, which input is meant.
    """

    name: str
    forward: Callable[..., Array]
    pulls: tuple[Pull | None, ...] = ()
    broadcasts: bool = False
    numbered: bool = False

    @property
    def arrays(self) -> int | None:
        """How many arrays it takes, before its options; None where it takes as many as there are."""
        return None if self.numbered else max(1, len(self.pulls))

    def pull(self, position: int, gradient: Numbers, node: Recorded) -> Numbers | None:
        """The gradient of one input of a recorded node, in that input's shape; None if there is none."""
        pull = self.pulls[min(position, len(self.pulls) - 1)] if self.pulls else None
        if pull is None:
            return None
        options = {**node.options, "position": position} if self.numbered else node.options
        with np.errstate(all="ignore"):
            pulled = pull(gradient, node.out, *node.values, **options)
        return summed_to(pulled, np.shape(node.values[position])) if self.broadcasts else pulled


def summed_to(gradient: Numbers, shape: tuple[int, ...]) -> Numbers:
    """A gradient summed over the axes along which an array of `shape` was spread.

    >>> summed_to(np.ones((3, 2)), (2,))
    array([3., 3.])
    >>> summed_to(np.ones((3, 2)), (3, 1))
    array([[2.],
           [2.],
           [2.]])
    """
    gradient = np.asarray(gradient)
    extra = gradient.ndim - len(shape)
    if extra > 0:
        gradient = gradient.sum(axis=tuple(range(extra)))
    spread = tuple(k for k, size in enumerate(shape) if size == 1 and gradient.shape[k] != 1)
    gradient = gradient.sum(axis=spread, keepdims=True) if spread else gradient
    return np.broadcast_to(gradient, shape)
