"""The functions of the old pages' `nd`, as far as chapters on regression and optimisation call them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx.array import NDArray, apply
from polyak.book.gluonbook.mx.elementwise import ELEMENTWISE
from polyak.book.gluonbook.mx.making import arange, array, empty, eye, full, linspace, one_hot, ones, zeros


def zeros_like(data: Any, **_: Any) -> Any:
    """Zeros in the shape of another array."""
    return apply("zeros_like", data)


def ones_like(data: Any, **_: Any) -> Any:
    """Ones in the shape of another array."""
    return apply("ones_like", data)


# Reducing; `exclude` means all axes but those.


def _reduction(name: str) -> Callable[..., Any]:
    def reduce(data: Any, axis: Any = None, keepdims: bool = False, exclude: bool = False) -> Any:
        axis = tuple(axis) if isinstance(axis, list) else axis
        if exclude:
            kept = {k % data.ndim for k in ((axis,) if isinstance(axis, int) else axis or ())}
            axis = tuple(k for k in range(data.ndim) if k not in kept)
        return apply(name, data, axis=None if axis == () else axis, keepdims=keepdims)

    reduce.__doc__ = f"The {name} over all axes or over `axis`."
    return reduce


sum, mean, max, min, prod = map(_reduction, ("sum", "mean", "max", "min", "prod"))


def norm(data: Any, ord: int = 2, axis: Any = None, keepdims: bool = False) -> Any:
    """The Euclidean norm, or with ord=1 the sum of sizes."""
    return apply("norm", data, ord=ord, axis=axis, keepdims=keepdims)


def argmax(data: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest number stands, as float32."""
    found = apply("argmax", data, axis=axis)
    return expand_dims(found, axis) if keepdims and axis is not None else found


def argmin(data: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest number stands, as float32."""
    found = apply("argmin", data, axis=axis)
    return expand_dims(found, axis) if keepdims and axis is not None else found


# Products, shapes, choices.


def dot(lhs: Any, rhs: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """The matrix product."""
    return apply("dot", lhs, rhs, transpose_a=transpose_a, transpose_b=transpose_b)


def concat(*data: Any, dim: int = 1) -> Any:
    """Arrays end to end along an axis, the second unless said otherwise."""
    return apply("concat", *data, dim=dim)


def stack(*data: Any, axis: int = 0) -> Any:
    """Arrays of one shape along a new axis."""
    return apply("stack", *data, axis=axis)


def reshape(data: Any, shape: Any, reverse: bool = False) -> Any:
    """The same numbers in another shape; 0 keeps an axis, -1 takes what is left."""
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    kept = tuple(
        data.shape[k] if size == 0 and k < len(data.shape) else size for k, size in enumerate(wanted)
    )
    return apply("reshape", data, shape=kept)


def flatten(data: Any) -> Any:
    """All axes but the first as one."""
    return reshape(data, (data.shape[0], -1))


def expand_dims(data: Any, axis: int) -> Any:
    """A new axis of length 1."""
    shape = list(data.shape)
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, 1)
    return apply("reshape", data, shape=tuple(shape))


def squeeze(data: Any, axis: Any = None) -> Any:
    """The axes of length 1 left out, or one of them."""
    return apply("reshape", data, shape=np.squeeze(np.empty(data.shape), axis=axis).shape or (1,))


def transpose(data: Any, axes: tuple[int, ...] | None = None) -> Any:
    """The axes in another order, reversed unless said otherwise."""
    return apply("transpose", data, axes=axes)


def swapaxes(data: Any, dim1: int = 0, dim2: int = 0) -> Any:
    """Two axes in each other's place."""
    axes = list(range(len(data.shape)))
    axes[dim1], axes[dim2] = axes[dim2], axes[dim1]
    return apply("transpose", data, axes=tuple(axes))


def broadcast_to(data: Any, shape: tuple[int, ...]) -> Any:
    """The same numbers spread to another shape; 0 keeps an axis."""
    wanted = tuple(data.shape[k] if size == 0 else size for k, size in enumerate(shape))
    return apply("broadcast_to", data, shape=wanted)


def take(a: Any, indices: Any, axis: int = 0, mode: str = "clip") -> Any:
    """The rows that `indices` name; one that is too large or too small names the nearest."""
    rows = indices if hasattr(indices, "astype") else array(indices)
    return apply("take", a, rows, axis=axis)


def pick(data: Any, index: Any, axis: int = -1, keepdims: bool = False) -> Any:
    """One number of each row, that which `index` names."""
    return apply("pick", data, index, axis=axis, keepdims=keepdims)


def slice_axis(data: Any, axis: int, begin: int, end: int | None) -> Any:
    """A part of one axis."""
    return apply("item", data, key=(*[slice(None)] * (axis % len(data.shape)), slice(begin, end)))


def clip(data: Any, a_min: float, a_max: float) -> Any:
    """Each number held between two."""
    return apply("clip", data, low=a_min, high=a_max)


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition is not 0, y where it is."""
    return apply("where", condition, x, y)


def cast(data: Any, dtype: Any) -> Any:
    """The same numbers in another dtype."""
    return apply("cast", data, dtype=np.dtype(dtype))


def softmax(data: Any, axis: int = -1) -> Any:
    """exp(x), over its sum along an axis."""
    return apply("softmax", data, axis=axis)


def log_softmax(data: Any, axis: int = -1) -> Any:
    """The logarithm of softmax."""
    return apply("log_softmax", data, axis=axis)


def Activation(data: Any, act_type: str) -> Any:  # noqa: N802
    """An activation by its name: relu, sigmoid, tanh, softrelu."""
    return apply(act_type, data)


def waitall() -> None:
    """Nothing to wait for: every operation is done when it returns."""


OTHER_SPELLINGS = {
    "elemwise_add": "add",
    "elemwise_sub": "subtract",
    "elemwise_mul": "multiply",
    "elemwise_div": "divide",
    "broadcast_add": "add",
    "broadcast_sub": "subtract",
    "broadcast_mul": "multiply",
    "broadcast_div": "divide",
    "broadcast_maximum": "maximum",
    "broadcast_minimum": "minimum",
    "lesser": "less",
    "lesser_equal": "less_equal",
}
MADE = (arange, array, empty, eye, full, linspace, one_hot, ones, zeros, NDArray)
METHODS = (
    *(name for name, operation in ELEMENTWISE.items() if len(operation.pulls) == 1),
    *(
        "sum",
        "mean",
        "max",
        "min",
        "prod",
        "argmax",
        "argmin",
        "flatten",
        "expand_dims",
        "squeeze",
        "transpose",
    ),
    *(
        "swapaxes",
        "broadcast_to",
        "take",
        "pick",
        "slice_axis",
        "softmax",
        "log_softmax",
        "zeros_like",
        "ones_like",
    ),
    "one_hot",
)


def __getattr__(name: str) -> Any:
    if name == "random":
        return importlib.import_module("polyak.book.gluonbook.mx.random")
    known = OTHER_SPELLINGS.get(name, name)
    if known in ELEMENTWISE:
        return partial(_elementwise, known)
    raise AttributeError(absent("mxnet.nd", name, __dir__()))


def _elementwise(name: str, *inputs: Any, out: Any = None, **_: Any) -> Any:
    """An operation number by number, written into `out` where that is given."""
    found = apply(name, *inputs)
    if out is None:
        return found
    out[:] = found
    return out


def __dir__() -> list[str]:
    """Every name that there is."""
    own = [name for name, value in globals().items() if getattr(value, "__module__", "") == __name__]
    return [*own, *(one.__name__ for one in MADE), *ELEMENTWISE, *OTHER_SPELLINGS, "random"]
