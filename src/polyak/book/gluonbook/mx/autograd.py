"""Recording and differentiating, as the old pages spell it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.tape import Leaf, deposit, mode, pulled_back, switched
from polyak.ground.errors import PolyakError
from polyak.rules.pages.handles import raw

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


def mark_variables(variables: Any, gradients: Any, grad_reqs: Any = "write") -> None:
    """Ask for gradients of `variables`, to be written to `gradients`."""
    variables, gradients = _several(variables), _several(gradients)
    wanted = [grad_reqs] * len(variables) if isinstance(grad_reqs, str) else grad_reqs
    for variable, gradient, grad_req in zip(variables, gradients, wanted, strict=True):
        variable.attach_grad(grad_req)
        variable.grad = gradient


def backward(heads: Any, head_grads: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
    """Fill `.grad` of every attached array with the gradient of the sum of all heads."""
    deposit(pulled_back(_weighted(heads, head_grads)))


def grad(
    heads: Any,
    variables: Any,
    head_grads: Any = None,
    retain_graph: Any = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> Any:
    """The gradients of the sum of all heads, one for each variable; `.grad` is left alone.

    Raises PolyakError for a variable without attach_grad, and for gradients of gradients.
    """
    if create_graph:
        raise PolyakError("create_graph=True asks for gradients of gradients, which are not recorded here")
    asked = _several(variables)
    if not all(isinstance(variable.node, Leaf) for variable in asked):
        raise PolyakError("autograd.grad takes arrays with attach_grad(), and one has none")
    found = pulled_back(_weighted(heads, head_grads))
    gradients = [NDArray(np.array(found.get(one.node, np.zeros_like(one.value)))) for one in asked]
    return gradients if isinstance(variables, list | tuple) else gradients[0]


def _weighted(heads: Any, head_grads: Any) -> list[tuple[Any, Any]]:
    heads = _several(heads)
    weights = [None] * len(heads) if head_grads is None else _several(head_grads)
    return [
        (head.node, np.ones_like(head.value) if weight is None else raw(weight))
        for head, weight in zip(heads, weights, strict=True)
    ]


def _several(arrays: Any) -> list[Any]:
    return list(arrays) if isinstance(arrays, list | tuple) else [arrays]


def __getattr__(name: str) -> Any:
    raise AttributeError(absent("mxnet.autograd", name, __all__))
