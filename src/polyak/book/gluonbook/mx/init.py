"""How parameters begin."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.random import generator
from polyak.book.gluonbook.mx.values import Operand
from polyak.ground.errors import unknown


class Initializer:
    """The base of initialisers; a page's own overrides `_init_weight(name, data)` and writes to `data[:]`."""

    def __call__(self, name: str, data: NDArray) -> None:
        """Fill an array; a bias is zeros."""
        if name.endswith("bias"):
            data[:] = 0.0
        else:
            self._init_weight(name, data)

    def _init_weight(self, name: str, data: NDArray) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{type(self).__name__}({settings})"


class Constant(Initializer):
    """One number, or one array, everywhere."""

    def __init__(self, value: Operand = 0.0) -> None:
        self.value = value

    def _init_weight(self, name: str, data: NDArray) -> None:
        data[:] = self.value


class Zero(Initializer):
    """Zeros."""

    def _init_weight(self, name: str, data: NDArray) -> None:
        data[:] = 0.0


class One(Initializer):
    """Ones."""

    def _init_weight(self, name: str, data: NDArray) -> None:
        data[:] = 1.0


class Normal(Initializer):
    """Normal numbers of mean 0 and standard deviation `sigma`."""

    def __init__(self, sigma: float = 0.01) -> None:
        self.sigma = sigma

    def _init_weight(self, name: str, data: NDArray) -> None:
        data[:] = generator().normal(0.0, self.sigma, data.shape)


class Uniform(Initializer):
    """Numbers from -scale to scale, each as likely as the other."""

    def __init__(self, scale: float = 0.07) -> None:
        self.scale = scale

    def _init_weight(self, name: str, data: NDArray) -> None:
        data[:] = generator().uniform(-self.scale, self.scale, data.shape)


class Xavier(Initializer):
    """Numbers whose spread keeps that of what passes through a layer of `fan_in` inputs and `fan_out` outputs.

    Source: Glorot, X. & Bengio, Y. (2010). Understanding the difficulty of training deep feedforward networks.
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        if rnd_type not in ("uniform", "gaussian"):
            raise unknown("rnd_type", rnd_type, ("uniform", "gaussian"))
        if factor_type not in ("avg", "in", "out"):
            raise unknown("factor_type", factor_type, ("avg", "in", "out"))
        self.rnd_type, self.factor_type, self.magnitude = rnd_type, factor_type, magnitude

    def _init_weight(self, name: str, data: NDArray) -> None:
        field = float(np.prod(data.shape[2:]))
        fan_in, fan_out = data.shape[1] * field, data.shape[0] * field
        factor = {"avg": (fan_in + fan_out) / 2, "in": fan_in, "out": fan_out}[self.factor_type]
        scale = math.sqrt(self.magnitude / factor)
        draw = generator()
        if self.rnd_type == "uniform":
            data[:] = draw.uniform(-scale, scale, data.shape)
        else:
            data[:] = draw.normal(0.0, scale, data.shape)


BY_NAME: dict[str, type[Initializer]] = {
    kind.__name__.lower(): kind for kind in (Zero, One, Normal, Uniform, Xavier)
}
BY_NAME |= {"zeros": Zero, "ones": One}
How: TypeAlias = Initializer | str | None
"""How a page says that parameters begin; as their layer has it for None."""


def as_initializer(init: How) -> Initializer | None:
    """An initialiser from one or from its name."""
    if not isinstance(init, str):
        return init
    if init.lower() not in BY_NAME:
        raise unknown("initializer", init, BY_NAME)
    return BY_NAME[init.lower()]()


def __getattr__(name: str) -> object:
    raise AttributeError(absent("mxnet.init", name, __dir__()))


def __dir__() -> list[str]:
    return [name for name, value in globals().items() if isinstance(value, type)]
