"""The tape: what was computed while recording, and the way back through it.

Reverse mode, node by node: each node keeps the numbers that its operation had, and the operation knows how to pull
a gradient of its result back to a gradient of each of its inputs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyak.book.gluonbook.mx.operation import Operation
from polyak.ground.errors import PolyakError


@dataclass
class Mode:
    """Whether operations are recorded, and whether layers such as dropout behave as in training."""

    recording: bool = False
    training: bool = False


mode = Mode()


@contextmanager
def switched(*, recording: bool | None = None, training: bool | None = None) -> Iterator[None]:
    """Another mode for a while; what is None stays as it is."""
    before = mode.recording, mode.training
    mode.recording = before[0] if recording is None else recording
    mode.training = before[1] if training is None else training
    try:
        yield
    finally:
        mode.recording, mode.training = before


_order = itertools.count()


@dataclass(eq=False, slots=True)
class Node:
    """One recorded result: its operation, the numbers in and out, and the nodes of its inputs."""

    operation: Operation
    values: tuple[Any, ...]
    options: dict[str, Any]
    out: Any
    parents: tuple[Any, ...]  # a Node, a Leaf, or None for an input that no gradient is asked of
    order: int = field(default_factory=lambda: next(_order))


@dataclass(eq=False, slots=True)
class Leaf:
    """An array that a gradient is asked of, and what becomes of the gradient: write, add or null."""

    array: Any
    grad_req: str
    order: int = -1


def pulled_back(heads: Iterable[tuple[Any, Any]]) -> dict[Leaf, Any]:
    """The gradients of the sum of all heads, each weighted by an array of its shape, by leaf.

    Args:
        heads: pairs of a recorded node and the gradient of what follows it.

    Raises PolyakError for a head that was not recorded.
    """
    gradients: dict[Any, Any] = {}
    for node, gradient in heads:
        if node is None:
            raise PolyakError(
                "this array was not computed under autograd.record() from one with attach_grad(): no way back"
            )
        gradients[node] = gradients[node] + gradient if node in gradients else gradient
    for node in _latest_first(gradients):
        if isinstance(node, Leaf) or node not in gradients:
            continue
        gradient = gradients.pop(node)
        for position, parent in enumerate(node.parents):
            if parent is None:
                continue
            part = node.operation.pull(position, gradient, node)
            if part is not None:
                gradients[parent] = gradients[parent] + part if parent in gradients else part
    return gradients


def deposit(gradients: dict[Leaf, Any]) -> None:
    """Hand each leaf its gradient, as it asked for it."""
    for leaf, gradient in gradients.items():
        array = leaf.array
        if leaf.grad_req == "null":
            continue
        held = array.grad.value
        value = np.broadcast_to(np.asarray(gradient, dtype=held.dtype), held.shape)
        array.grad.value = held + value if leaf.grad_req == "add" else np.array(value)
        array.fresh_gradient = True


def _latest_first(heads: Iterable[Any]) -> list[Any]:
    """Every node that the heads were computed from: a node's inputs are always older than itself."""
    found: set[Any] = set()
    waiting = list(heads)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += [parent for parent in getattr(node, "parents", ()) if parent is not None]
    return sorted(found, key=lambda node: -node.order)
