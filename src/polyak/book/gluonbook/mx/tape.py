"""The tape: what was computed while recording, and the way back through it.

Reverse mode, node by node: each node keeps the numbers that its operation had, and the operation knows how to pull
a gradient of its result back to a gradient of each of its inputs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from polyak.book.gluonbook.mx.operation import Operation
from polyak.book.gluonbook.mx.values import Array, Numbers
from polyak.ground.errors import PolyakError
from polyak.rules.pages.handles import ArrayHandle


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
    values: tuple[Array, ...]
    options: dict[str, object]
    out: Array
    parents: tuple[Node | Leaf | None, ...]  # None for an input that no gradient is asked of
    order: int = field(default_factory=lambda: next(_order))

    def inputs_gradients(self, gradient: Numbers) -> Iterator[tuple[Node | Leaf, Numbers]]:
        """A gradient of the result as gradients of the inputs that ask for one."""
        for position, parent in enumerate(self.parents):
            part = None if parent is None else self.operation.pull(position, gradient, self)
            if parent is not None and part is not None:
                yield parent, part


@dataclass(eq=False, slots=True)
class Leaf:
    """An array that a gradient is asked of, and what becomes of the gradient: write, add or null."""

    array: ArrayHandle
    grad_req: str


def pulled_back(heads: Iterable[tuple[Node | Leaf | None, Numbers]]) -> dict[Leaf, Numbers]:
    """The gradients of the sum of all heads, each weighted by an array of its shape, by leaf.

    Args:
        heads: pairs of a recorded node and the gradient of what follows it.

    Raises PolyakError for a head that was not recorded.
    """
    gradients: dict[Node | Leaf, Numbers] = {}

    def add(node: Node | Leaf, gradient: Numbers) -> None:
        gradients[node] = gradients[node] + gradient if node in gradients else gradient

    for head, gradient in heads:
        if head is None:
            raise PolyakError(
                "this array was not computed under autograd.record() from one with attach_grad(): no way back"
            )
        add(head, gradient)
    for node in _latest_first(gradients):
        if node in gradients:
            for parent, part in node.inputs_gradients(gradients.pop(node)):
                add(parent, part)
    return {leaf: gradient for leaf, gradient in gradients.items() if isinstance(leaf, Leaf)}


def deposit(gradients: dict[Leaf, Numbers]) -> None:
    """Hand each leaf its gradient, as it asked for it."""
    for leaf, gradient in gradients.items():
        array = leaf.array
        if leaf.grad_req == "null":
            continue
        held = array.grad.value
        value = np.broadcast_to(np.asarray(gradient, dtype=held.dtype), held.shape)
        array.grad.value = held + value if leaf.grad_req == "add" else np.array(value)
        array.fresh_gradient = True  # type: ignore[attr-defined]


def _latest_first(heads: Iterable[Node | Leaf]) -> list[Node]:
    """Every result that the heads were computed from: what one was computed from is always older than itself."""
    nodes: set[Node] = set()
    waiting: list[Node | Leaf | None] = list(heads)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Node) and node not in nodes:
            nodes.add(node)
            waiting += node.parents
    return sorted(nodes, key=lambda node: -node.order)
