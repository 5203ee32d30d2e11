"""Operations on shapes: sums, products, joining, cutting, choosing; and the way back through each.

As in MXNet, what is reduced over every axis has shape (1,), not ().
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyak.book.gluonbook.mx.operation import Operation

Axis = int | tuple[int, ...] | None


def _whole(xp: Any, value: Any) -> Any:
    """A number without a shape as an array of shape (1,)."""
    return xp.reshape(value, (1,)) if value.ndim == 0 else value


def _spread(g: Any, x: Any, axis: Axis) -> Any:
    """A gradient of something reduced over `axis`, spread over what was reduced."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    reduced = {k % x.ndim for k in axes}
    return np.broadcast_to(np.reshape(g, [1 if k in reduced else n for k, n in enumerate(x.shape)]), x.shape)


def _sum(xp: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _whole(xp, xp.sum(x, axis=axis, keepdims=keepdims))


def _sum_back(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _spread(g, x, axis)


def _mean(xp: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _whole(xp, xp.mean(x, axis=axis, keepdims=keepdims))


def _mean_back(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _spread(g, x, axis) * (np.size(y) / x.size)


def _prod(xp: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _whole(xp, xp.prod(x, axis=axis, keepdims=keepdims))


def _prod_back(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _spread(g * y, x, axis) / x


def _max(xp: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _whole(xp, xp.max(x, axis=axis, keepdims=keepdims))


def _min(xp: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _whole(xp, xp.min(x, axis=axis, keepdims=keepdims))


def _extreme_back(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """To everything that attains the extreme, whole, as MXNet has it."""
    return _spread(g, x, axis) * (x == _spread(y, x, axis))


def _norm(xp: Any, x: Any, ord: int = 2, axis: Axis = None, keepdims: bool = False) -> Any:
    size = xp.abs(x) if ord == 1 else x * x
    total = _sum(xp, size, axis, keepdims)
    return total if ord == 1 else xp.sqrt(total)


def _norm_back(
    g: Any,
    y: Any,
    x: Any,
    ord: int = 2,
    axis: Axis = None,
    keepdims: bool = False,
) -> Any:
    slope = np.sign(x) if ord == 1 else x / np.maximum(_spread(y, x, axis), np.finfo(x.dtype).tiny)
    return _spread(g, x, axis) * slope


def _softmax(xp: Any, x: Any, axis: int = -1) -> Any:
    powers = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


def _softmax_back(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    return y * (g - (g * y).sum(axis=axis, keepdims=True))


def _log_softmax(xp: Any, x: Any, axis: int = -1) -> Any:
    lowered = x - xp.max(x, axis=axis, keepdims=True)
    return lowered - xp.log(xp.sum(xp.exp(lowered), axis=axis, keepdims=True))


def _log_softmax_back(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)


def _turned(xp: Any, a: Any, turn: bool) -> Any:
    return a.T if turn else a


def _dot(xp: Any, a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    return _whole(xp, xp.tensordot(_turned(xp, a, transpose_a), _turned(xp, b, transpose_b), 1))


def _dot_back_a(g: Any, y: Any, a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    b = _turned(np, b, transpose_b)
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return g * b
    kept = np.ndim(b) - 1  # the axes of the result that came from b
    found = np.tensordot(g, b, (range(np.ndim(g) - kept, np.ndim(g)), range(1, np.ndim(b))))
    return found.T if transpose_a else found


def _dot_back_b(g: Any, y: Any, a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    a = _turned(np, a, transpose_a)
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return g * a
    kept = np.ndim(a) - 1  # the axes of the result that came from a
    found = np.tensordot(a, g, (range(kept), range(kept)))
    return found.T if transpose_b else found


def _concat(xp: Any, *arrays: Any, dim: int = 1) -> Any:
    return xp.concatenate(arrays, axis=dim)


def _concat_back(g: Any, y: Any, *arrays: Any, dim: int = 1, position: int) -> Any:
    begin = sum(array.shape[dim] for array in arrays[:position])
    return np.take(g, range(begin, begin + arrays[position].shape[dim]), axis=dim)


def _stack(xp: Any, *arrays: Any, axis: int = 0) -> Any:
    return xp.stack(arrays, axis=axis)


def _stack_back(g: Any, y: Any, *arrays: Any, axis: int = 0, position: int) -> Any:
    return np.take(g, position, axis=axis)


def _item(xp: Any, x: Any, key: Any) -> Any:
    return _whole(xp, x[key])


def _item_back(g: Any, y: Any, x: Any, key: Any) -> Any:
    found = np.zeros_like(x)
    np.add.at(found, key, np.reshape(g, found[key].shape))
    return found


def _take(xp: Any, x: Any, rows: Any, axis: int = 0) -> Any:
    return xp.take(x, xp.clip(rows.astype(int), 0, x.shape[axis] - 1), axis=axis)


def _take_back(g: Any, y: Any, x: Any, rows: Any, axis: int = 0) -> Any:
    found = np.zeros_like(x)
    rows = np.clip(rows.astype(int), 0, x.shape[axis] - 1)
    np.add.at(found, (*[slice(None)] * (axis % x.ndim), rows), g)
    return found


def _pick(xp: Any, x: Any, chosen: Any, axis: int = -1, keepdims: bool = False) -> Any:
    found = xp.take_along_axis(x, xp.expand_dims(chosen.astype(int), axis), axis=axis)
    return found if keepdims else xp.squeeze(found, axis=axis)


def _pick_back(g: Any, y: Any, x: Any, chosen: Any, axis: int = -1, keepdims: bool = False) -> Any:
    found = np.zeros_like(x)
    where = np.expand_dims(chosen.astype(int), axis)
    np.put_along_axis(found, where, g if keepdims else np.expand_dims(g, axis), axis=axis)
    return found


def _transposed_back(g: Any, y: Any, x: Any, axes: tuple[int, ...] | None = None) -> Any:
    return g.T if axes is None else np.transpose(g, np.argsort(axes))


def _within(g: Any, y: Any, x: Any, low: Any, high: Any) -> Any:
    return g * ((x >= low) & (x <= high))


SHAPING: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("sum", _sum, (_sum_back,)),
        Operation("mean", _mean, (_mean_back,)),
        Operation("prod", _prod, (_prod_back,)),
        Operation("max", _max, (_extreme_back,)),
        Operation("min", _min, (_extreme_back,)),
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
        Operation("transpose", lambda xp, x, axes=None: xp.transpose(x, axes), (_transposed_back,)),
        Operation("broadcast_to", lambda xp, x, shape: xp.broadcast_to(x, shape), (lambda g, y, x, shape: g,), True),
        Operation("clip", lambda xp, x, low, high: xp.clip(x, low, high), (_within,)),
        Operation("cast", lambda xp, x, dtype: x.astype(dtype), (lambda g, y, x, dtype: g.astype(x.dtype),)),
        Operation(
            "where",
            lambda xp, c, a, b: xp.where(c != 0, a, b),
            (None, lambda g, y, c, a, b: g * (c != 0), lambda g, y, c, a, b: g * (c == 0)),
            True,
        ),
        Operation("zeros_like", lambda xp, x: xp.zeros_like(x)),
        Operation("ones_like", lambda xp, x: xp.ones_like(x)),
        Operation("argmax", lambda xp, x, axis=None: _whole(xp, xp.argmax(x, axis=axis)).astype(x.dtype)),
        Operation("argmin", lambda xp, x, axis=None: _whole(xp, xp.argmin(x, axis=axis)).astype(x.dtype)),
    )
}  # fmt: skip
