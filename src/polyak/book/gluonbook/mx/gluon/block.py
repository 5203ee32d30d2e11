"""Layers: what has parameters and is called."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

from polyak.book.gluonbook.mx import nd
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.context import Device
from polyak.book.gluonbook.mx.gluon.parameter import Parameter, ParameterDict
from polyak.book.gluonbook.mx.init import How
from polyak.ground.errors import PolyakError

_scopes: list[tuple[str, dict[str, Iterator[int]]]] = [
    ("", {})
]  # the prefix of what is made now, and its counters


class Block:
    """The base of layers: a page's own defines `forward`, and sets its parts as attributes.

    >>> from polyak.book.gluonbook.mx.gluon import nn
    >>> net = nn.Sequential()
    >>> net.add(nn.Dense(1))
    >>> net
    Sequential(
      (0): Dense(None -> 1, linear)
    )
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        scope, counters = _scopes[-1]
        hint = type(self).__name__.lower()
        if prefix is None:
            prefix = f"{hint}{next(counters.setdefault(hint, itertools.count()))}_"
        self.prefix = scope + prefix
        self.params = ParameterDict(self.prefix) if params is None else params
        self._children: dict[str, Block] = {}
        self._own: dict[str, Parameter] = {}
        self._counters: dict[str, Iterator[int]] = {}

    @property
    def name(self) -> str:
        """The prefix of its parameters' names, less the underscore."""
        return self.prefix.removesuffix("_")

    @contextmanager
    def name_scope(self) -> Iterator[None]:
        """What is made inside has names that begin with this one's."""
        _scopes.append((self.prefix, self._counters))
        try:
            yield
        finally:
            _scopes.pop()

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Take in a part."""
        self._children[str(len(self._children)) if name is None else name] = block

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Block):
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            self._own[name] = value
        super().__setattr__(name, value)

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """The parameters of this layer and of its parts, or those whose names match a regular expression."""
        found = ParameterDict(self.params.prefix)
        found.update(self.params)
        found.update({parameter.name: parameter for parameter in self._own.values()})
        for child in self._children.values():
            found.update(child.collect_params())
        return found.matching(select)

    def initialize(
        self, init: How = None, ctx: Device = None, verbose: bool = False, force_reinit: bool = False
    ) -> None:
        """Begin all parameters anew, by an initialiser where a layer has none of its own."""
        self.collect_params().initialize(init, ctx, verbose, force_reinit)

    def hybridize(self, active: bool = True, **_: object) -> None:
        """Nothing changes: layers run as they are written."""

    def apply(self, fn: Callable[[Block], object]) -> Block:
        """Call a function on every part, and on this."""
        for child in self._children.values():
            child.apply(fn)
        fn(self)
        return self

    def __call__(self, *inputs: NDArray) -> NDArray:
        """What the layer makes of its inputs."""
        return self.forward(*inputs)

    def forward(self, *inputs: NDArray) -> NDArray:
        """What the layer makes of its inputs; a page's own layer defines it."""
        raise PolyakError(f"{type(self).__name__} has no forward(): define what it makes of its inputs")

    def __repr__(self) -> str:
        parts = [
            f"  ({name}): " + repr(child).replace("\n", "\n  ") for name, child in self._children.items()
        ]
        inside = "\n".join(parts)
        return f"{type(self).__name__}(\n{inside}\n)"


class HybridBlock(Block):
    """A layer whose own part is `hybrid_forward(F, x, **parameters)`; F is `nd`."""

    def forward(self, *inputs: NDArray) -> NDArray:
        """Make parameters whose shapes were waiting for an input, and pass all of them on."""
        self.infer_shape(inputs[0])
        for parameter in self._own.values():
            parameter.finish()
        own = {name: parameter.data() for name, parameter in self._own.items()}
        return self.hybrid_forward(nd, *inputs, **own)

    def infer_shape(self, x: NDArray) -> None:
        """Set the shapes that only an input tells."""

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """What the layer makes of its inputs; a page's own layer defines it."""
        raise PolyakError(
            f"{type(self).__name__} has no hybrid_forward(): define what it makes of its inputs"
        )
