"""Operations number by number: a table of functions and their derivatives.

In the derivatives g is the gradient of the result, y the result, and x, or a and b, the inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType

import numpy as np

from polyak.book.gluonbook.mx.operation import Operation, Pull
from polyak.book.gluonbook.mx.values import Array


def _of_x(name: str, forward: Callable[..., Array], pull: Pull | None) -> Operation:
    return Operation(name, forward, (pull,), broadcasts=True)


def _of_a_and_b(name: str, forward: Callable[..., Array], *pulls: Pull) -> Operation:
    return Operation(name, forward, pulls, broadcasts=True)


def _truth(name: str) -> Operation:
    """A comparison: 1 where it holds and 0 where not, in the dtype of what is compared."""

    def forward(xp: ModuleType, a: Array | float, b: Array | float) -> Array:
        holds: Array = getattr(xp, name)(a, b).astype(getattr(a, "dtype", None) or getattr(b, "dtype", None))
        return holds

    return Operation(name, forward)


def _sigmoid(xp: ModuleType, x: Array) -> Array:
    half: Array = 0.5 * (xp.tanh(0.5 * x) + 1)
    return half


UNARY = [
    _of_x("negative", lambda xp, x: -x, lambda g, y, x: -g),
    _of_x("abs", lambda xp, x: xp.abs(x), lambda g, y, x: g * np.sign(x)),
    _of_x("square", lambda xp, x: x * x, lambda g, y, x: 2 * g * x),
    _of_x("sqrt", lambda xp, x: xp.sqrt(x), lambda g, y, x: g / (2 * y)),
    _of_x("rsqrt", lambda xp, x: 1 / xp.sqrt(x), lambda g, y, x: -g * y / (2 * x)),
    _of_x("cbrt", lambda xp, x: xp.cbrt(x), lambda g, y, x: g / (3 * y * y)),
    _of_x("reciprocal", lambda xp, x: 1 / x, lambda g, y, x: -g * y * y),
    _of_x("exp", lambda xp, x: xp.exp(x), lambda g, y, x: g * y),
    _of_x("expm1", lambda xp, x: xp.expm1(x), lambda g, y, x: g * (y + 1)),
    _of_x("log", lambda xp, x: xp.log(x), lambda g, y, x: g / x),
    _of_x("log2", lambda xp, x: xp.log2(x), lambda g, y, x: g / (x * math.log(2))),
    _of_x("log10", lambda xp, x: xp.log10(x), lambda g, y, x: g / (x * math.log(10))),
    _of_x("log1p", lambda xp, x: xp.log1p(x), lambda g, y, x: g / (1 + x)),
    _of_x("sin", lambda xp, x: xp.sin(x), lambda g, y, x: g * np.cos(x)),
    _of_x("cos", lambda xp, x: xp.cos(x), lambda g, y, x: -g * np.sin(x)),
    _of_x("tan", lambda xp, x: xp.tan(x), lambda g, y, x: g * (1 + y * y)),
    _of_x("arctan", lambda xp, x: xp.arctan(x), lambda g, y, x: g / (1 + x * x)),
    _of_x("sinh", lambda xp, x: xp.sinh(x), lambda g, y, x: g * np.cosh(x)),
    _of_x("cosh", lambda xp, x: xp.cosh(x), lambda g, y, x: g * np.sinh(x)),
    _of_x("tanh", lambda xp, x: xp.tanh(x), lambda g, y, x: g * (1 - y * y)),
    _of_x("sigmoid", _sigmoid, lambda g, y, x: g * y * (1 - y)),
    _of_x("relu", lambda xp, x: xp.maximum(x, 0), lambda g, y, x: g * (x > 0)),
    _of_x("softrelu", lambda xp, x: xp.logaddexp(x, 0), lambda g, y, x: g * _sigmoid(np, x)),
    _of_x("sign", lambda xp, x: xp.sign(x), None),
    _of_x("floor", lambda xp, x: xp.floor(x), None),
    _of_x("ceil", lambda xp, x: xp.ceil(x), None),
    _of_x("round", lambda xp, x: xp.sign(x) * xp.floor(xp.abs(x) + 0.5), None),
]

BINARY = [
    _of_a_and_b("add", lambda xp, a, b: a + b, lambda g, y, a, b: g, lambda g, y, a, b: g),
    _of_a_and_b("subtract", lambda xp, a, b: a - b, lambda g, y, a, b: g, lambda g, y, a, b: -g),
    _of_a_and_b("multiply", lambda xp, a, b: a * b, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    _of_a_and_b("divide", lambda xp, a, b: a / b, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b),
    _of_a_and_b(
        "modulo", lambda xp, a, b: a % b, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor(a / b)
    ),
    _of_a_and_b(
        "power",
        lambda xp, a, b: a**b,
        lambda g, y, a, b: g * b * a ** (b - 1),
        lambda g, y, a, b: g * y * np.log(a),
    ),
    _of_a_and_b(
        "maximum",
        lambda xp, a, b: xp.maximum(a, b),
        lambda g, y, a, b: g * (a >= b),
        lambda g, y, a, b: g * (a < b),
    ),
    _of_a_and_b(
        "minimum",
        lambda xp, a, b: xp.minimum(a, b),
        lambda g, y, a, b: g * (a <= b),
        lambda g, y, a, b: g * (a > b),
    ),
    *map(_truth, ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")),
]

ELEMENTWISE: dict[str, Operation] = {operation.name: operation for operation in (*UNARY, *BINARY)}
