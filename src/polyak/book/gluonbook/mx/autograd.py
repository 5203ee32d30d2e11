"""Recording and differentiating, as the old pages spell it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias, TypeVar

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.tape import Leaf, Node, deposit, mode, pulled_back, switched
from polyak.book.gluonbook.mx.values import Numbers
from polyak.ground.errors import PolyakError
from polyak.rules.pages.handles import raw

Item = TypeVar("Item")
Arrays: TypeAlias = NDArray | Sequence[NDArray]
Weights: TypeAlias = Arrays | None
__all__ = [
    "backward",
    "grad",
    "is_recording",
    "is_training",
    "mark_variables",
    "pause",
    "predict_mode",
    "record",
    "train_mode",
]


def record(train_mode: bool = True) -> AbstractContextManager[None]:
    """`with autograd.record():` what is computed inside can be differentiated.

    >>> from polyak.book.gluonbook.mx import nd
    >>> x = nd.array([3.0])
    >>> x.attach_grad()
    >>> with record():
    ...     y = x * x
    >>> y.backward()
    >>> float(x.grad)
    6.0
    """
    return switched(recording=True, training=train_mode)


def pause(train_mode: bool = False) -> AbstractContextManager[None]:
    """`with autograd.pause():` what is computed inside is not recorded."""
    return switched(recording=False, training=train_mode)


def train_mode() -> AbstractContextManager[None]:
    """Layers behave as in training."""
    return switched(training=True)


def predict_mode() -> AbstractContextManager[None]:
    """Layers behave as in prediction."""
    return switched(training=False)


def is_recording() -> bool:
    """Whether operations are recorded."""
    return mode.recording


def is_training() -> bool:
    """Whether layers behave as in training."""
    return mode.training


def mark_variables(variables: Arrays, gradients: Arrays, grad_reqs: str | Sequence[str] = "write") -> None:
    """Ask for gradients of `variables`, to be written to `gradients`."""
    several = _several(variables)
    wanted = [grad_reqs] * len(several) if isinstance(grad_reqs, str) else grad_reqs
    for variable, gradient, grad_req in zip(several, _several(gradients), wanted, strict=True):
        variable.attach_grad(grad_req)
        variable.grad = gradient


def backward(
    heads: Arrays, head_grads: Weights = None, retain_graph: bool = False, train_mode: bool = True
) -> None:
    """Fill `.grad` of every attached array with the gradient of the sum of all heads."""
    deposit(pulled_back(_weighted(heads, head_grads)))


def grad(
    heads: Arrays,
    variables: Arrays,
    head_grads: Weights = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> NDArray | list[NDArray]:
    """The gradients of the sum of all heads, one for each variable; `.grad` is left alone.

    Raises PolyakError for a variable without attach_grad, and for gradients of gradients.
    """
    if create_graph:
        raise PolyakError("create_graph=True asks for gradients of gradients, which are not recorded here")
    leaves = [variable.node for variable in _several(variables) if isinstance(variable.node, Leaf)]
    if len(leaves) < len(_several(variables)):
        raise PolyakError("autograd.grad takes arrays with attach_grad(), and one has none")
    pulled = pulled_back(_weighted(heads, head_grads))
    gradients = [NDArray(np.array(pulled.get(leaf, np.zeros_like(leaf.array.value)))) for leaf in leaves]
    return gradients if isinstance(variables, list | tuple) else gradients[0]


def _weighted(heads: Arrays, head_grads: Weights) -> list[tuple[Node | Leaf | None, Numbers]]:
    several = _several(heads)
    weights: Sequence[NDArray | None] = [None] * len(several) if head_grads is None else _several(head_grads)
    return [
        (head.node, np.ones_like(head.value) if weight is None else raw(weight))
        for head, weight in zip(several, weights, strict=True)
    ]


def _several(arrays: Item | Sequence[Item]) -> Sequence[Item]:
    return arrays if isinstance(arrays, list | tuple) else [arrays]  # type: ignore[list-item]


def __getattr__(name: str) -> object:
    raise AttributeError(absent("mxnet.autograd", name, __all__))
