"""Operations along axes: sums, products, joining, cutting, choosing; and the way back through each.

As in MXNet, what is reduced over every axis has shape (1,), not ().
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from polyak.book.gluonbook.mx.operation import Operation
from polyak.book.gluonbook.mx.values import Array, Axis, Index, Numbers


def _whole(xp: ModuleType, value: Array) -> Array:
    """A number without a shape as an array of shape (1,)."""
    return xp.reshape(value, (1,)) if value.ndim == 0 else value


def _spread(g: Numbers, x: Numbers, axis: Axis) -> Numbers:
    """A gradient of something reduced over `axis`, spread over what was reduced."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    reduced = {k % x.ndim for k in axes}
    return np.broadcast_to(np.reshape(g, [1 if k in reduced else n for k, n in enumerate(x.shape)]), x.shape)


def _reduced(name: str) -> Callable[..., Array]:
    def forward(xp: ModuleType, x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
        return _whole(xp, getattr(xp, name)(x, axis=axis, keepdims=keepdims))

    return forward


def _sum_back(g: Numbers, y: Numbers, x: Numbers, axis: Axis = None, keepdims: bool = False) -> Numbers:
    return _spread(g, x, axis)


def _mean_back(g: Numbers, y: Numbers, x: Numbers, axis: Axis = None, keepdims: bool = False) -> Numbers:
    return _spread(g, x, axis) * (np.size(y) / x.size)


def _prod_back(g: Numbers, y: Numbers, x: Numbers, axis: Axis = None, keepdims: bool = False) -> Numbers:
    return _spread(g * y, x, axis) / x


def _extreme_back(g: Numbers, y: Numbers, x: Numbers, axis: Axis = None, keepdims: bool = False) -> Numbers:
    """To everything that attains the extreme, whole, as MXNet has it."""
    return _spread(g, x, axis) * (x == _spread(y, x, axis))


def _norm(xp: ModuleType, data: Array, ord: int = 2, axis: Axis = None, keepdims: bool = False) -> Array:
    size = xp.abs(data) if ord == 1 else data * data
    total = _whole(xp, xp.sum(size, axis=axis, keepdims=keepdims))
    return total if ord == 1 else xp.sqrt(total)


def _norm_back(
    g: Numbers,
    y: Numbers,
    x: Numbers,
    ord: int = 2,
    axis: Axis = None,
    keepdims: bool = False,
) -> Numbers:
    slope = np.sign(x) if ord == 1 else x / np.maximum(_spread(y, x, axis), np.finfo(x.dtype).tiny)
    return _spread(g, x, axis) * slope


def _softmax(xp: ModuleType, data: Array, axis: int = -1) -> Array:
    powers = xp.exp(data - xp.max(data, axis=axis, keepdims=True))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


def _softmax_back(g: Numbers, y: Numbers, x: Numbers, axis: int = -1) -> Numbers:
    return y * (g - (g * y).sum(axis=axis, keepdims=True))


def _log_softmax(xp: ModuleType, data: Array, axis: int = -1) -> Array:
    lowered = data - xp.max(data, axis=axis, keepdims=True)
    return lowered - xp.log(xp.sum(xp.exp(lowered), axis=axis, keepdims=True))


def _log_softmax_back(g: Numbers, y: Numbers, x: Numbers, axis: int = -1) -> Numbers:
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)


def _turned(a: Numbers, turn: bool) -> Numbers:
    return a.T if turn else a


def _dot(
    xp: ModuleType, lhs: Numbers, rhs: Numbers, transpose_a: bool = False, transpose_b: bool = False
) -> Array:
    return _whole(xp, xp.tensordot(_turned(lhs, transpose_a), _turned(rhs, transpose_b), 1))


def _dot_back_a(
    g: Numbers, y: Numbers, a: Numbers, b: Numbers, transpose_a: bool = False, transpose_b: bool = False
) -> Numbers:
    b = _turned(b, transpose_b)
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return g * b
    kept = np.ndim(b) - 1  # the axes of the result that came from b
    found = np.tensordot(g, b, (range(np.ndim(g) - kept, np.ndim(g)), range(1, np.ndim(b))))
    return found.T if transpose_a else found


def _dot_back_b(
    g: Numbers, y: Numbers, a: Numbers, b: Numbers, transpose_a: bool = False, transpose_b: bool = False
) -> Numbers:
    a = _turned(a, transpose_a)
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return g * a
    kept = np.ndim(a) - 1  # the axes of the result that came from a
    found = np.tensordot(a, g, (range(kept), range(kept)))
    return found.T if transpose_b else found


def _concat(xp: ModuleType, *arrays: Array, dim: int = 1) -> Array:
    return xp.concatenate(arrays, axis=dim)


def _concat_back(g: Numbers, y: Numbers, *arrays: Numbers, dim: int = 1, position: int) -> Numbers:
    begin = sum(array.shape[dim] for array in arrays[:position])
    return np.take(g, range(begin, begin + arrays[position].shape[dim]), axis=dim)


def _stack(xp: ModuleType, *arrays: Array, axis: int = 0) -> Array:
    return xp.stack(arrays, axis=axis)


def _stack_back(g: Numbers, y: Numbers, *arrays: Numbers, axis: int = 0, position: int) -> Numbers:
    return np.take(g, position, axis=axis)


def _item(xp: ModuleType, x: Array, key: Index) -> Array:
    place: Any = key
    return _whole(xp, x[place])


def _item_back(g: Numbers, y: Numbers, x: Numbers, key: Index) -> Numbers:
    place: Any = key
    found = np.zeros_like(x)
    np.add.at(found, place, np.reshape(g, found[place].shape))
    return found


def _take(xp: ModuleType, x: Array, rows: Array, axis: int = 0) -> Array:
    return xp.take(x, xp.clip(rows.astype(int), 0, x.shape[axis] - 1), axis=axis)


def _take_back(g: Numbers, y: Numbers, x: Numbers, rows: Numbers, axis: int = 0) -> Numbers:
    found = np.zeros_like(x)
    rows = np.clip(rows.astype(int), 0, x.shape[axis] - 1)
    place: tuple[Any, ...] = (*[slice(None)] * (axis % x.ndim), rows)
    np.add.at(found, place, g)
    return found


def _pick(xp: ModuleType, data: Array, index: Array, axis: int = -1, keepdims: bool = False) -> Array:
    picked = xp.take_along_axis(data, xp.expand_dims(index.astype(int), axis), axis=axis)
    return picked if keepdims else xp.squeeze(picked, axis=axis)


def _pick_back(
    g: Numbers, y: Numbers, x: Numbers, chosen: Numbers, axis: int = -1, keepdims: bool = False
) -> Numbers:
    found = np.zeros_like(x)
    where = np.expand_dims(chosen.astype(int), axis)
    np.put_along_axis(found, where, g if keepdims else np.expand_dims(g, axis), axis=axis)
    return found


def _place(name: str) -> Callable[..., Array]:
    def forward(xp: ModuleType, data: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        return _whole(xp, getattr(xp, name)(data, axis=axis, keepdims=keepdims)).astype(data.dtype)

    return forward


def _transposed_back(g: Numbers, y: Numbers, x: Numbers, axes: tuple[int, ...] | None = None) -> Numbers:
    return g.T if axes is None else np.transpose(g, np.argsort(axes))


def _within(g: Numbers, y: Numbers, x: Numbers, a_min: float, a_max: float) -> Numbers:
    return g * ((x >= a_min) & (x <= a_max))


ALONG_AXES: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("sum", _reduced("sum"), (_sum_back,)),
        Operation("mean", _reduced("mean"), (_mean_back,)),
        Operation("prod", _reduced("prod"), (_prod_back,)),
        Operation("max", _reduced("max"), (_extreme_back,)),
        Operation("min", _reduced("min"), (_extreme_back,)),
        Operation("norm", _norm, (_norm_back,)),
        Operation("softmax", _softmax, (_softmax_back,)),
        Operation("log_softmax", _log_softmax, (_log_softmax_back,)),
        Operation("dot", _dot, (_dot_back_a, _dot_back_b)),
        Operation("concat", _concat, (_concat_back,), numbered=True),
        Operation("stack", _stack, (_stack_back,), numbered=True),
        Operation("item", _item, (_item_back,)),
        Operation("take", _take, (_take_back, None)),
        Operation("pick", _pick, (_pick_back, None)),
        Operation("reshape", lambda xp, x, shape: x.reshape(shape), (lambda g, y, x, shape: g.reshape(x.shape),)),
        Operation("transpose", lambda xp, data, axes=None: xp.transpose(data, axes), (_transposed_back,)),
        Operation("broadcast_to", lambda xp, x, shape: xp.broadcast_to(x, shape), (lambda g, y, x, shape: g,), True),
        Operation("clip", lambda xp, data, a_min, a_max: xp.clip(data, a_min, a_max), (_within,)),
        Operation("cast", lambda xp, x, dtype: x.astype(dtype), (lambda g, y, x, dtype: g.astype(x.dtype),)),
        Operation(
            "where",
            lambda xp, condition, x, y: xp.where(condition != 0, x, y),
            (None, lambda g, y, c, a, b: g * (c != 0), lambda g, y, c, a, b: g * (c == 0)),
            True,
        ),
        Operation("zeros_like", lambda xp, data, **_: xp.zeros_like(data)),
        Operation("ones_like", lambda xp, data, **_: xp.ones_like(data)),
        Operation("argmax", _place("argmax")),
        Operation("argmin", _place("argmin")),
    )
}  # fmt: skip
