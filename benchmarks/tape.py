"""A gradient through the old names' tape beside the same through HIPS autograd on NumPy, in CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from report import Row, Section, Target
from rich.progress import Progress
from timing import per_call, side_by_side

from polyak.book.gluonbook.mx import autograd as recording
from polyak.book.gluonbook.mx import nd

OURS, HIPS = "the old names' tape", "HIPS autograd"
SLOWER = 1.5  # times as slow as ours a kept library may be
ROUNDS = 9


def linear(xp: Any, X: Any, Y: Any, w: Any, b: Any) -> Any:
    return ((xp.dot(X, w) + b - Y) ** 2 / 2).mean()


def softmax(xp: Any, X: Any, Y: Any, w: Any, b: Any) -> Any:
    powers = xp.exp(xp.dot(X, w) + b)
    return ((powers / powers.sum(axis=1, keepdims=True)) * Y).mean()


def perceptron(xp: Any, X: Any, Y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    hidden = xp.maximum(xp.dot(X, w1) + b1, 0)
    return ((xp.dot(hidden, w2) + b2 - Y) ** 2).mean()


def nets() -> dict[str, tuple[Callable[..., Any], list[Any], Any, Any]]:
    """Each net with its first parameters, a batch and its targets, in float32."""
    draw = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return (draw.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)

    def zeros(size: int) -> Any:
        return np.zeros(size, np.float32)

    classes = np.eye(10, dtype=np.float32)[draw.integers(0, 10, 256)]
    layers = [normal(784, 256), zeros(256), normal(256, 10), zeros(10)]
    return {
        "linear regression, 10 rows": (linear, [normal(5, 1), zeros(1)], normal(10, 5), normal(10, 1)),
        "linear regression, 1,503 rows": (linear, [normal(5, 1), zeros(1)], normal(1503, 5), normal(1503, 1)),
        "softmax, 256 pictures": (softmax, [normal(784, 10), zeros(10)], normal(256, 784), classes),
        "perceptron, 256 pictures": (perceptron, layers, normal(256, 784), classes),
    }


def measure(progress: Progress) -> list[Section]:
    """A section for each net; both gradients are held against each other first."""
    return [_section(name, *net, progress) for name, net in nets().items()]


def _section(
    name: str, net: Callable[..., Any], params: list[Any], X: Any, Y: Any, progress: Progress
) -> Section:
    import autograd
    import autograd.numpy as hips

    arrays = [nd.array(param) for param in params]
    features, targets = nd.array(X), nd.array(Y)
    for array in arrays:
        array.attach_grad()

    def ours() -> None:
        with recording.record():
            value = net(nd, features, targets, *arrays)
        value.backward()

    gradient = autograd.grad(lambda params: net(hips, X, Y, *params))
    ours()
    for array, expected in zip(arrays, gradient(params), strict=True):
        np.testing.assert_allclose(array.grad.asnumpy(), expected, atol=1e-4)
    clock = time.process_time
    samples = {
        OURS: per_call(ours, clock=clock),
        HIPS: per_call(lambda: gradient(params), clock=clock),
    }
    timings = side_by_side("tape", samples, ROUNDS, progress)
    ratio = timings[HIPS].median / timings[OURS].median
    return Section(
        f"A gradient under the old names, CPU time: {name}",
        "ms",
        tuple(Row(each, timing) for each, timing in timings.items()),
        reference=OURS,
        targets=(Target(f"HIPS at most {SLOWER} times ours", f"{ratio:.2f}", ratio <= SLOWER),),
    )
