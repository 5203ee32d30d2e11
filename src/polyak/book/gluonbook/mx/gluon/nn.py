"""Layers: of perceptrons here, of pictures in a file of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx import nd, random
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.gluon.block import Block, HybridBlock
from polyak.book.gluonbook.mx.gluon.pictures import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    MaxPool2D,
)
from polyak.book.gluonbook.mx.init import How
from polyak.book.gluonbook.mx.tape import mode
from polyak.book.gluonbook.mx.values import DType

__all__ = [
    "Activation",
    "AvgPool2D",
    "BatchNorm",
    "Block",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "HybridBlock",
    "HybridSequential",
    "Lambda",
    "MaxPool2D",
    "Sequential",
]


class Sequential(Block):
    """Layers one after another."""

    def add(self, *blocks: Block) -> None:
        """Put layers at the end."""
        for block in blocks:
            self.register_child(block)

    def forward(self, *inputs: NDArray) -> NDArray:
        """Each layer's output is the next one's input."""
        (x,) = inputs
        for block in self._children.values():
            x = block(x)
        return x

    def __getitem__(self, key: int | slice) -> Block:
        blocks = list(self._children.values())[key]
        if not isinstance(blocks, list):
            return blocks
        part = type(self)(prefix=self.prefix)
        part.add(*blocks)
        return part

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Block]:
        return iter(self._children.values())


class HybridSequential(Sequential):
    """The same."""


class Dense(HybridBlock):
    """X W^T + b, and an activation.

    Args:
        units: how many outputs.
        activation: relu, sigmoid, tanh or softrelu; none where left out.
        use_bias: whether there is a b.
        flatten: whether all axes but the first are taken as one.
        in_units: how many inputs; told by the first batch where left out.

    >>> from polyak.book.gluonbook.mx import nd
    >>> layer = Dense(2)
    >>> layer.initialize()
    >>> layer(nd.ones((4, 3))).shape, layer.weight.shape
    ((4, 2), (2, 3))
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        flatten: bool = True,
        dtype: DType = "float32",
        weight_initializer: How = None,
        bias_initializer: How = "zeros",
        in_units: int = 0,
        **names: Any,
    ) -> None:
        super().__init__(**names)
        self._units, self._flatten, self.act = units, flatten, activation
        self.weight = self.params.get("weight", shape=(units, in_units), init=weight_initializer, dtype=dtype)
        self.bias = (
            self.params.get("bias", shape=(units,), init=bias_initializer, dtype=dtype) if use_bias else None
        )

    def infer_shape(self, x: NDArray) -> None:
        """As many columns of W as x has features."""
        if self.weight.shape[1] == 0:
            features = math.prod(x.shape[1:]) if self._flatten else x.shape[-1]
            self.weight.shape = (self._units, features)

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """X W^T + b."""
        x = F.flatten(x) if self._flatten and len(x.shape) != 2 else x
        out = F.dot(x, own["weight"].T)
        if self.bias is not None:
            out = out + own["bias"]
        return out if self.act is None else F.Activation(out, self.act)

    def __repr__(self) -> str:
        act = f"Activation({self.act})" if self.act else "linear"
        return f"Dense({self.weight.shape[1] or None} -> {self._units}, {act})"


class Activation(HybridBlock):
    """An activation by its name."""

    def __init__(self, activation: str, **names: Any) -> None:
        super().__init__(**names)
        self._act = activation

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """The activation of each number."""
        return F.Activation(x, self._act)

    def __repr__(self) -> str:
        return f"Activation({self._act})"


class Flatten(HybridBlock):
    """All axes but the first as one."""

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """X as rows."""
        return F.flatten(x)

    def __repr__(self) -> str:
        return "Flatten"


class Dropout(HybridBlock):
    """In training, each number is dropped with a probability, and the others are raised to make up for it."""

    def __init__(self, rate: float, **names: Any) -> None:
        super().__init__(**names)
        self._rate = rate

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """X, or what is left of it."""
        if not mode.training or self._rate == 0:
            return x
        return x * nd.greater_equal(random.uniform(shape=x.shape), self._rate) / (1 - self._rate)

    def __repr__(self) -> str:
        return f"Dropout(p = {self._rate})"


class Lambda(Block):
    """A function as a layer, or a function of `nd` by its name."""

    def __init__(self, function: Callable[..., NDArray] | str, prefix: str | None = None) -> None:
        super().__init__(prefix)
        self._function = getattr(nd, function) if isinstance(function, str) else function

    def forward(self, *inputs: NDArray) -> NDArray:
        """What the function makes of its inputs."""
        return self._function(*inputs)


def __getattr__(name: str) -> object:
    raise AttributeError(absent("mxnet.gluon.nn", name, __all__))
