"""Operations over windows of pictures: convolution and pooling, with the way back through each.

Pictures have the shape (rows, channels, height, width). A window of k x k numbers is laid over the picture at every
stride, and what it sees is one row of a matrix: a convolution is then one product of matrices, and its way back
another, whose rows are added where they were seen (Chellapilla, Puri & Simard 2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from polyak.book.gluonbook.mx.operation import Operation
from polyak.book.gluonbook.mx.values import Numbers
from polyak.ground.errors import PolyakError, unknown

Pair: TypeAlias = tuple[int, int]
ONE, NONE = (1, 1), (0, 0)


def _seen(x: Numbers, kernel: Pair, stride: Pair, dilate: Pair = ONE) -> Numbers:
    """What each window sees, without a copy: shape (rows, channels, places down, places across, *kernel)."""
    reach = [(size - 1) * apart + 1 for size, apart in zip(kernel, dilate, strict=True)]
    if any(length < far for length, far in zip(x.shape[2:], reach, strict=True)):
        picture = f"a picture of {x.shape[2]} x {x.shape[3]}, padding included"
        raise PolyakError(f"a window of {reach[0]} x {reach[1]} is larger than {picture}")
    windows = sliding_window_view(x, tuple(reach), axis=(2, 3))
    return windows[:, :, :: stride[0], :: stride[1], :: dilate[0], :: dilate[1]]


def _parts(seen: tuple[int, ...], stride: Pair, dilate: Pair = ONE) -> Iterator[tuple[Any, int, int]]:
    """For each number of a window: where the pictures have it, over all windows, and its place in the window."""
    down, across, high, wide = seen[2:]
    for i in range(high):
        for j in range(wide):
            rows = slice(i * dilate[0], i * dilate[0] + down * stride[0], stride[0])
            columns = slice(j * dilate[1], j * dilate[1] + across * stride[1], stride[1])
            yield (slice(None), slice(None), rows, columns), i, j


def _padded(x: Numbers, pad: Pair, value: float = 0.0, more: Pair = NONE) -> Numbers:
    if pad == NONE and more == NONE:
        return x
    around = [(0, 0), (0, 0), (pad[0], pad[0] + more[0]), (pad[1], pad[1] + more[1])]
    return np.pad(x, around, constant_values=value)


def _cut(x: Numbers, pad: Pair, shape: tuple[int, ...]) -> Numbers:
    """What is left of padded pictures, that of the pictures themselves."""
    return x[:, :, pad[0] : pad[0] + shape[2], pad[1] : pad[1] + shape[3]]


def _numpy(xp: ModuleType, what: str) -> None:
    if xp is not np:
        raise PolyakError(f"{what} is computed by NumPy, and this training is compiled: train step by step")


def _matrix(seen: Numbers) -> Numbers:
    """What windows see, a row for each: shape (rows places, channels kernel)."""
    rows, channels, down, across, *kernel = seen.shape
    size = channels * int(np.prod(kernel))
    return seen.transpose(0, 2, 3, 1, 4, 5).reshape(rows * down * across, size)


def _convolution(
    xp: ModuleType,
    data: Numbers,
    weight: Numbers,
    *bias: Numbers,
    stride: Pair = ONE,
    pad: Pair = NONE,
    dilate: Pair = ONE,
    groups: int = 1,
) -> Numbers:
    _numpy(xp, "a convolution")
    seen = _seen(_padded(data, pad), _kernel(weight), stride, dilate)
    outputs = [
        _matrix(part) @ kernels.reshape(len(kernels), -1).T
        for part, kernels in zip(np.split(seen, groups, 1), np.split(weight, groups), strict=True)
    ]
    out = np.concatenate(outputs, axis=1) if groups > 1 else outputs[0]
    if bias:
        out = out + bias[0]
    rows, _, down, across = seen.shape[:4]
    return np.ascontiguousarray(out.reshape(rows, down, across, len(weight)).transpose(0, 3, 1, 2))


def _kernel(weight: Numbers) -> Pair:
    return weight.shape[2], weight.shape[3]


def _by_place(g: Numbers) -> Numbers:
    """Gradients of a convolution's results, a row for each window."""
    return g.transpose(0, 2, 3, 1).reshape(-1, g.shape[1])


def _convolution_data(
    g: Numbers,
    y: Numbers,
    data: Numbers,
    weight: Numbers,
    *bias: Numbers,
    stride: Pair = ONE,
    pad: Pair = NONE,
    dilate: Pair = ONE,
    groups: int = 1,
) -> Numbers:
    padded = np.zeros(
        (*data.shape[:2], *(n + 2 * p for n, p in zip(data.shape[2:], pad, strict=True))), g.dtype
    )
    own = data.shape[1] // groups
    seen = (len(g), own, *g.shape[2:], *_kernel(weight))
    for k, kernels in enumerate(np.split(weight, groups)):
        rows = _by_place(np.split(g, groups, 1)[k]) @ kernels.reshape(len(kernels), -1)
        back = rows.reshape(len(g), *g.shape[2:], own, *_kernel(weight)).transpose(0, 3, 1, 2, 4, 5)
        for place, i, j in _parts(seen, stride, dilate):
            padded[:, k * own : (k + 1) * own][place] += back[..., i, j]
    return _cut(padded, pad, data.shape)


def _convolution_weight(
    g: Numbers,
    y: Numbers,
    data: Numbers,
    weight: Numbers,
    *bias: Numbers,
    stride: Pair = ONE,
    pad: Pair = NONE,
    dilate: Pair = ONE,
    groups: int = 1,
) -> Numbers:
    seen = _seen(_padded(data, pad), _kernel(weight), stride, dilate)
    parts = [
        _by_place(after).T @ _matrix(part)
        for after, part in zip(np.split(g, groups, 1), np.split(seen, groups, 1), strict=True)
    ]
    return np.concatenate(parts).reshape(weight.shape)


def _convolution_bias(g: Numbers, y: Numbers, *values: Numbers, **options: object) -> Numbers:
    found: Numbers = g.sum(axis=(0, 2, 3))
    return found


def _more(shape: tuple[int, ...], kernel: Pair, stride: Pair, pad: Pair, *, full: bool) -> Pair:
    """What is put to the right and below so that the last windows, which reach beyond, are whole."""
    left = [(n + 2 * p - k) % s for n, k, s, p in zip(shape[2:], kernel, stride, pad, strict=True)]
    down, across = ((s - part) % s if full else 0 for part, s in zip(left, stride, strict=True))
    return down, across


def _pooling(
    xp: ModuleType,
    data: Numbers,
    kernel: Pair,
    pool_type: str = "max",
    stride: Pair = ONE,
    pad: Pair = NONE,
    full: bool = False,
    count_include_pad: bool = True,
) -> Numbers:
    _numpy(xp, "pooling")
    if pool_type not in ("max", "avg", "sum"):
        raise unknown("pool_type", pool_type, ("max", "avg", "sum"))
    more = _more(data.shape, kernel, stride, pad, full=full)
    padded = _padded(data, pad, -np.inf if pool_type == "max" else 0.0, more)
    seen = _seen(padded, kernel, stride)
    if pool_type == "max":
        return np.asarray(seen.max(axis=(4, 5)))
    total = seen.sum(axis=(4, 5))
    if pool_type == "sum":
        return np.asarray(total)
    return np.asarray(total / _counted(data, kernel, stride, pad, more, count_include_pad)).astype(data.dtype)


def _counted(
    data: Numbers, kernel: Pair, stride: Pair, pad: Pair, more: Pair, count_include_pad: bool
) -> Numbers:
    """How many numbers each window's mean is over: those of the picture, and its padding where that counts."""
    there = np.ones((1, 1, *data.shape[2:]))
    padded = _padded(_padded(there, pad, float(count_include_pad)), NONE, 0.0, more)
    return np.asarray(_seen(padded, kernel, stride).sum(axis=(4, 5)))


def _pooling_back(
    g: Numbers,
    y: Numbers,
    data: Numbers,
    kernel: Pair,
    pool_type: str = "max",
    stride: Pair = ONE,
    pad: Pair = NONE,
    full: bool = False,
    count_include_pad: bool = True,
) -> Numbers:
    """Of a largest number to the first that attains it, as MXNet has it; of a mean to each its share."""
    more = _more(data.shape, kernel, stride, pad, full=full)
    padded = _padded(data, pad, -np.inf if pool_type == "max" else 0.0, more)
    seen = _seen(padded, kernel, stride)
    found = np.zeros(padded.shape, g.dtype)
    if pool_type == "avg":
        g = (g / _counted(data, kernel, stride, pad, more, count_include_pad)).astype(g.dtype)
    first = seen.reshape(*seen.shape[:4], -1).argmax(axis=-1) if pool_type == "max" else None
    for place, i, j in _parts(seen.shape, stride):
        found[place] += g if first is None else g * (first == i * kernel[1] + j)
    return _cut(found, pad, data.shape)


WINDOWS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("convolution", _convolution, (_convolution_data, _convolution_weight, _convolution_bias)),
        Operation("pooling", _pooling, (_pooling_back,)),
    )
}
