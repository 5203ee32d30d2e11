"""The NumPy of the later pages, `mxnet.np`: the same arrays and operations, under NumPy's names.

What is reduced over every axis has shape (1,) here as everywhere under the old names, where MXNet's has ().
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy

from polyak.book.gluonbook.missing import AskedFor, absent
from polyak.book.gluonbook.mx import nd
from polyak.book.gluonbook.mx import random as drawn
from polyak.book.gluonbook.mx.array import NDArray, apply
from polyak.book.gluonbook.mx.creation import arange, array, empty, eye, full, linspace, ones, zeros
from polyak.book.gluonbook.mx.elementwise import ELEMENTWISE
from polyak.book.gluonbook.mx.values import Operand, Shape

ndarray, newaxis = NDArray, None
PLAIN = ["pi", "e", "inf", "nan", "float32", "float64", "int8", "int32", "int64", "uint8", "bool_"]
SAME = [
    "sum",
    "mean",
    "max",
    "min",
    "prod",
    "argmax",
    "argmin",
    "stack",
    "where",
    "clip",
    "expand_dims",
    "squeeze",
    "reshape",
    "swapaxes",
    "zeros_like",
    "ones_like",
    "broadcast_to",
    "take",
]
OTHER = {"absolute": "abs", "mod": "modulo"}
CREATION = (arange, array, empty, eye, full, linspace, ones, zeros)


def dot(a: Operand, b: Operand) -> NDArray:
    """The matrix product; with a number, each number times it.

    >>> dot(array([[1, 2], [3, 4]]), array([1, 1])).asnumpy()
    array([3., 7.], dtype=float32)
    """
    one = not getattr(a, "ndim", 0) or not getattr(b, "ndim", 0)
    return apply("multiply" if one else "dot", a, b)


matmul = dot


def transpose(a: NDArray, axes: Sequence[int] | None = None) -> NDArray:
    """The axes in another order, reversed unless said otherwise."""
    return apply("transpose", a, axes=None if axes is None else tuple(axes))


def concatenate(seq: Sequence[NDArray], axis: int = 0) -> NDArray:
    """Arrays end to end along an axis."""
    return apply("concat", *seq, dim=axis)


def meshgrid(*xi: Operand, **options: Any) -> list[NDArray]:
    """The coordinates of a grid, an array for each axis."""
    plain = [numpy.asarray(getattr(x, "value", x)) for x in xi]
    return [NDArray(numpy.ascontiguousarray(each)) for each in numpy.meshgrid(*plain, **options)]


def genfromtxt(*given: Any, **options: Any) -> NDArray:
    """A table of numbers in a file of text, as NumPy reads it."""
    return NDArray(numpy.genfromtxt(*given, **options))


def std(a: NDArray, axis: int | None = None, keepdims: bool = False) -> NDArray:
    """The standard deviation over all numbers, or along an axis."""
    return var(a, axis, keepdims).sqrt()


def var(a: NDArray, axis: int | None = None, keepdims: bool = False) -> NDArray:
    """The variance over all numbers, or along an axis."""
    away = nd.square(a - nd.mean(a, axis=axis, keepdims=axis is not None))
    return nd.mean(away, axis=axis, keepdims=keepdims)


def cumsum(a: NDArray, axis: int | None = None) -> NDArray:
    """The sums up to each number."""
    return NDArray(numpy.cumsum(a.value, axis=axis))


for _function in (std, var, cumsum):
    setattr(NDArray, _function.__name__, _function)


class _Random:
    """`np.random`: the pages' one generator, under NumPy's arguments."""

    seed = staticmethod(drawn.seed)

    @staticmethod
    def normal(loc: Operand = 0.0, scale: Operand = 1.0, size: Shape = (1,), **options: Any) -> NDArray:
        """Normal numbers of mean `loc` and standard deviation `scale`."""
        return drawn.normal(loc, scale, size, **options)

    @staticmethod
    def uniform(low: Operand = 0.0, high: Operand = 1.0, size: Shape = (1,), **options: Any) -> NDArray:
        """Numbers from `low` up to `high`, each as likely as the other."""
        return drawn.uniform(low, high, size, **options)

    @staticmethod
    def rand(*size: int) -> NDArray:
        """Numbers from 0 to 1, the shape first."""
        return drawn.uniform(0.0, 1.0, size or (1,))

    @staticmethod
    def randn(*size: int) -> NDArray:
        """Normal numbers, the shape first."""
        return drawn.normal(0.0, 1.0, size or (1,))

    @staticmethod
    def randint(low: int, high: int, size: Shape = (1,)) -> NDArray:
        """Whole numbers from `low` up to, but not, `high`."""
        return drawn.randint(low, high, size)

    def __getattr__(self, name: str) -> object:
        raise AttributeError(absent("mxnet.np.random", name, dir(self)))


random = _Random()


def __getattr__(name: str) -> AskedFor:
    if name in PLAIN:
        return getattr(numpy, name)
    if name in SAME:
        return getattr(nd, name)
    own = OTHER.get(name, name)
    if own in ELEMENTWISE:
        return partial(_elementwise, own)
    raise AttributeError(absent("mxnet.np", name, __dir__()))


def _elementwise(name: str, *given: Any) -> NDArray | float:
    """An operation number by number; of plain numbers alone, a plain number."""
    values = [array(x) if isinstance(x, list) else x for x in given]
    if not any(hasattr(x, "dtype") for x in values):
        return float(ELEMENTWISE[name].forward(numpy, *map(numpy.float64, values)))
    return apply(name, *values)


def __dir__() -> list[str]:
    own: list[Callable[..., object]] = [
        dot,
        transpose,
        concatenate,
        meshgrid,
        genfromtxt,
        std,
        var,
        cumsum,
        *CREATION,
    ]
    return [
        *PLAIN,
        *SAME,
        *OTHER,
        *ELEMENTWISE,
        *(one.__name__ for one in own),
        "ndarray",
        "matmul",
        "random",
    ]
