"""The functions of the old pages' `nd`, as far as chapters on regression and optimisation call them.

Those that are methods of an array too are given to it here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx import random  # noqa: F401, nd.random
from polyak.book.gluonbook.mx.array import OPERATIONS, NDArray, apply
from polyak.book.gluonbook.mx.creation import arange, array, empty, eye, full, linspace, one_hot, ones, zeros
from polyak.book.gluonbook.mx.elementwise import ELEMENTWISE
from polyak.book.gluonbook.mx.values import Axis, DType, Operand, Shape
from polyak.ground.errors import PolyakError, unknown

Function = TypeVar("Function", bound=Callable[..., NDArray])


def method(function: Function) -> Function:
    """A function that is a method of an array too."""
    setattr(NDArray, function.__name__, function)
    return function


FUNCTIONS = {
    "zeros_like": "Zeros in the shape of another array.",
    "ones_like": "Ones in the shape of another array.",
    "norm": "The Euclidean norm, or with ord=1 the sum of sizes.",
    "argmax": "Where the largest number stands, as float32.",
    "argmin": "Where the smallest number stands, as float32.",
    "dot": "The matrix product.",
    "concat": "Arrays end to end along an axis, the second unless said otherwise.",
    "stack": "Arrays of one shape along a new axis.",
    "transpose": "The axes in another order, reversed unless said otherwise.",
    "pick": "One number of each row, that which `index` names.",
    "clip": "Each number held between two.",
    "where": "x where the condition is not 0, y where it is.",
    "softmax": "exp(x), over its sum along an axis.",
    "log_softmax": "The logarithm of softmax.",
}


def _function(name: str) -> Callable[..., NDArray]:
    """An operation as a function: its arrays, then its options, by place or by name."""
    operation = OPERATIONS[name]
    _, *parameters = inspect.signature(operation.forward).parameters.values()
    signature = inspect.Signature(parameters)

    def function(*given: Operand, **named: object) -> NDArray:
        bound = signature.bind(*given, **named)
        arrays = bound.args[: operation.arrays]
        options = (parameter.name for parameter in parameters[len(arrays) :])
        return apply(
            name, *arrays, **dict(zip(options, bound.args[len(arrays) :], strict=False)), **bound.kwargs
        )

    function.__name__, function.__doc__ = name, FUNCTIONS[name]
    return method(function)


globals().update({name: _function(name) for name in FUNCTIONS})

# Reducing; `exclude` means all axes but those.


def _reduction(name: str) -> Callable[..., NDArray]:
    def reduce(data: NDArray, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> NDArray:
        axis = tuple(axis) if isinstance(axis, list) else axis
        if exclude:
            kept = {k % data.ndim for k in ((axis,) if isinstance(axis, int) else axis or ())}
            axis = tuple(k for k in range(data.ndim) if k not in kept)
        return apply(name, data, axis=None if axis == () else axis, keepdims=keepdims)

    reduce.__name__, reduce.__doc__ = name, f"The {name} over all axes or over `axis`."
    return method(reduce)


sum, mean, max, min, prod = map(_reduction, ("sum", "mean", "max", "min", "prod"))


# Shapes.


def reshape(data: NDArray, shape: Shape, reverse: bool = False) -> NDArray:
    """The same numbers in another shape; 0 keeps an axis, -1 takes what is left."""
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    kept = tuple(
        data.shape[k] if size == 0 and k < len(data.shape) else size for k, size in enumerate(wanted)
    )
    return apply("reshape", data, shape=kept)


def _reshape(data: NDArray, *lengths: Shape, shape: Shape | None = None, reverse: bool = False) -> NDArray:
    """The same, the shape in one or length by length."""
    one = lengths[0] if len(lengths) == 1 else lengths
    return reshape(data, one if shape is None else shape, reverse)  # type: ignore[arg-type]


NDArray.reshape = _reshape  # type: ignore[method-assign, assignment]


@method
def flatten(data: NDArray) -> NDArray:
    """All axes but the first as one."""
    return reshape(data, (data.shape[0], -1))


@method
def expand_dims(data: NDArray, axis: int) -> NDArray:
    """A new axis of length 1."""
    shape = list(data.shape)
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, 1)
    return apply("reshape", data, shape=tuple(shape))


@method
def squeeze(data: NDArray, axis: Axis = None) -> NDArray:
    """The axes of length 1 left out, or one of them."""
    return apply("reshape", data, shape=np.squeeze(np.empty(data.shape), axis=axis).shape or (1,))


@method
def swapaxes(data: NDArray, dim1: int = 0, dim2: int = 0) -> NDArray:
    """Two axes in each other's place."""
    axes = list(range(len(data.shape)))
    axes[dim1], axes[dim2] = axes[dim2], axes[dim1]
    return apply("transpose", data, axes=tuple(axes))


@method
def broadcast_to(data: NDArray, shape: tuple[int, ...]) -> NDArray:
    """The same numbers spread to another shape; 0 keeps an axis."""
    wanted = tuple(data.shape[k] if size == 0 else size for k, size in enumerate(shape))
    return apply("broadcast_to", data, shape=wanted)


@method
def take(a: NDArray, indices: Operand, axis: int = 0, mode: str = "clip") -> NDArray:
    """The rows that `indices` name; one that is too large or too small names the nearest."""
    rows = indices if hasattr(indices, "astype") else array(indices)
    return apply("take", a, rows, axis=axis)


@method
def slice_axis(data: NDArray, axis: int, begin: int, end: int | None) -> NDArray:
    """A part of one axis."""
    return apply("item", data, key=(*[slice(None)] * (axis % len(data.shape)), slice(begin, end)))


def cast(data: NDArray, dtype: DType) -> NDArray:
    """The same numbers in another dtype."""
    return apply("cast", data, dtype=np.dtype(dtype))


def Activation(data: NDArray, act_type: str) -> NDArray:  # noqa: N802
    """An activation by its name: relu, sigmoid, tanh, softrelu."""
    return apply(act_type, data)


Length = int | Sequence[int]


def pair(length: Length | None, otherwise: int = 1) -> tuple[int, int]:
    """A length down and across: one number is both.

    >>> pair(3), pair((2, 1)), pair(None)
    ((3, 3), (2, 1), (1, 1))
    """
    several = (
        (otherwise, otherwise)
        if length is None
        else (length,) * 2
        if isinstance(length, int)
        else tuple(length)
    )
    if len(several) != 2:
        raise PolyakError(f"{length} has {len(several)} lengths, expected one or two: down and across")
    return several


def Convolution(  # noqa: N802
    data: NDArray,
    weight: NDArray,
    bias: NDArray | None = None,
    kernel: Length | None = None,
    stride: Length | None = None,
    dilate: Length | None = None,
    pad: Length | None = None,
    num_filter: int = 0,
    num_group: int = 1,
    no_bias: bool = False,
    **_: object,
) -> NDArray:
    """Pictures (rows, channels, height, width) seen through a window: each filter's weights times what it sees, summed.

    Args:
        weight: shape (filters, channels over groups, height, width of the window).
        stride: how far apart windows are.
        dilate: how far apart the numbers that a window sees are.
        pad: zeros put around the pictures.
        num_group: parts that channels and filters are divided into, which see nothing of one another.
    """
    inputs = (data, weight) if bias is None or no_bias else (data, weight, bias)
    places = {"stride": pair(stride), "dilate": pair(dilate), "pad": pair(pad, 0)}
    return apply("convolution", *inputs, **places, groups=num_group)


def Pooling(  # noqa: N802
    data: NDArray,
    kernel: Length | None = None,
    pool_type: str = "max",
    global_pool: bool = False,
    stride: Length | None = None,
    pad: Length | None = None,
    pooling_convention: str = "valid",
    count_include_pad: bool = True,
    **_: object,
) -> NDArray:
    """The largest number, the mean or the sum of what each window over the pictures sees.

    Args:
        pool_type: max, avg or sum.
        global_pool: whether the window is the whole picture.
        pooling_convention: valid leaves out a last window that reaches beyond the picture, full keeps it.
        count_include_pad: whether padding counts in a mean.
    """
    if pooling_convention not in ("valid", "full"):
        raise unknown("pooling_convention", pooling_convention, ("valid", "full"))
    window = data.shape[2:] if global_pool else pair(kernel)
    options: dict[str, object] = {"kernel": tuple(window), "pool_type": pool_type}
    if not global_pool:
        options |= {"stride": pair(stride), "pad": pair(pad, 0), "full": pooling_convention == "full"}
    return apply("pooling", data, count_include_pad=count_include_pad, **options)


def add_n(*arrays: NDArray) -> NDArray:
    """The sum of arrays."""
    total = arrays[0]
    for one in arrays[1:]:
        total = total + one
    return total


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
CREATION = (arange, array, empty, eye, full, linspace, one_hot, ones, zeros, NDArray)


def _elementwise(name: str, *inputs: Operand, out: NDArray | None = None, **_: object) -> NDArray:
    """An operation number by number, written into `out` where that is given."""
    result = apply(name, *inputs)
    if out is None:
        return result
    out[:] = result
    return out


def _method_of(name: str) -> Callable[..., NDArray]:
    return lambda self, **options: _elementwise(name, self, **options)


method(one_hot)
for _name, _operation in ELEMENTWISE.items():
    if len(_operation.pulls) == 1:
        setattr(NDArray, _name, _method_of(_name))


def __getattr__(name: str) -> Callable[..., NDArray]:
    operation = OTHER_SPELLINGS.get(name, name)
    if operation in ELEMENTWISE:
        return partial(_elementwise, operation)
    raise AttributeError(absent("mxnet.nd", name, __dir__()))


def __dir__() -> list[str]:
    """Every name that there is."""
    own = [name for name, value in globals().items() if getattr(value, "__module__", "") == __name__]
    return [*own, *(one.__name__ for one in CREATION), *ELEMENTWISE, *OTHER_SPELLINGS, "random"]
