"""New arrays: of given numbers, of one number, of numbers in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.context import Device, check
from polyak.book.gluonbook.mx.values import DType, Operand, Shape, plain


def array(source: Operand | Sequence[object], ctx: Device = None, dtype: DType = None) -> NDArray:
    """A new array of the numbers of a list, a NumPy array or an array; float32 unless said otherwise.

    >>> array([[1, 2], [3, 4]])
    <BLANKLINE>
    [[1. 2.]
     [3. 4.]]
    <NDArray 2x2 @cpu(0)>
    """
    check(ctx)
    if isinstance(source, list | tuple) and source and isinstance(source[0], NDArray):
        source = [one.asnumpy() for one in source]
    kind = dtype or (source.dtype if isinstance(source, NDArray) else "float32")
    return NDArray(np.array(plain(source), dtype=kind))


def zeros(shape: Shape, ctx: Device = None, dtype: DType = None, **_: object) -> NDArray:
    """Zeros."""
    return full(shape, 0, ctx, dtype)


def ones(shape: Shape, ctx: Device = None, dtype: DType = None, **_: object) -> NDArray:
    """Ones."""
    return full(shape, 1, ctx, dtype)


empty = zeros


def full(shape: Shape, val: Operand, ctx: Device = None, dtype: DType = None, **_: object) -> NDArray:
    """One number everywhere."""
    check(ctx)
    return NDArray(np.full(shape, plain(val), dtype=dtype or "float32"))


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    ctx: Device = None,
    dtype: DType = None,
) -> NDArray:
    """start, start + step ... before stop, each `repeat` times; from 0 if only one number is given."""
    check(ctx)
    first, last = (0, start) if stop is None else (start, stop)
    return NDArray(np.repeat(np.arange(first, last, step), repeat).astype(dtype or "float32"))


def linspace(
    start: float, stop: float, num: int, endpoint: bool = True, ctx: Device = None, dtype: DType = None
) -> NDArray:
    """Evenly spaced numbers."""
    check(ctx)
    return NDArray(np.linspace(start, stop, num, endpoint=endpoint).astype(dtype or "float32"))


def eye(N: int, M: int = 0, k: int = 0, ctx: Device = None, dtype: DType = None) -> NDArray:
    """Ones on a diagonal."""
    check(ctx)
    return NDArray(np.eye(N, M or None, k, dtype=dtype or "float32"))


def one_hot(indices: Operand, depth: int, on_value: float = 1.0, off_value: float = 0.0) -> NDArray:
    """A row of zeros for each index, with a one in its place."""
    chosen = np.arange(depth) == np.expand_dims(plain(indices).astype(int), -1)
    return NDArray(np.where(chosen, on_value, off_value).astype("float32"))
