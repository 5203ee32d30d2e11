"""Parameters of layers: arrays with a name, whose shape may be known only at the first call."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.context import Device, check
from polyak.book.gluonbook.mx.init import How, Initializer, Uniform, as_initializer
from polyak.book.gluonbook.mx.tape import Leaf, switched
from polyak.book.gluonbook.mx.values import DType, Shape
from polyak.ground.errors import PolyakError


class Parameter:
    """An array of a layer that a Trainer updates.

    Attributes:
        name: unique among the layers made.
        shape: a length of 0 is not known yet.
        grad_req: what becomes of a gradient: write, add or null.
    """

    def __init__(
        self,
        name: str,
        grad_req: str = "write",
        shape: Shape | None = None,
        dtype: DType = "float32",
        lr_mult: float = 1.0,
        wd_mult: float = 1.0,
        init: How = None,
        allow_deferred_init: bool = False,
        **_: object,
    ) -> None:
        self.name, self.dtype, self.init, self.grad_req = name, np.dtype(dtype).type, init, grad_req
        self.shape = (shape,) if isinstance(shape, int) else shape or ()
        self.lr_mult, self.wd_mult = lr_mult, wd_mult
        self._array: NDArray | None = None
        self._waiting: tuple[Initializer | None, Initializer] | None = None

    def initialize(
        self, init: How = None, ctx: Device = None, default_init: How = None, force_reinit: bool = False
    ) -> None:
        """Begin anew, at once or, where the shape is not known, at the first call."""
        check(ctx)
        if self._array is not None and not force_reinit:
            return
        own = self.init if init is None else init
        self._waiting = as_initializer(own), as_initializer(default_init) or Uniform()
        self._array = None
        self.finish()

    def finish(self) -> None:
        """Make the array, if it was asked for and its shape is known."""
        if self._waiting is None or not self.shape or 0 in self.shape:
            return
        own, default = self._waiting
        array = NDArray(np.zeros(self.shape, self.dtype))
        with switched(recording=False):
            if own is None:
                default(self.name, array)
            else:
                own._init_weight(self.name, array)
        self._waiting = None
        self._attach(array)

    def set_data(self, data: NDArray) -> None:
        """Other numbers."""
        self.shape = tuple(data.shape)
        if self._array is None:
            self._attach(NDArray(np.zeros(self.shape, self.dtype)))
        self.data()[:] = data

    def data(self, ctx: Device = None) -> NDArray:
        """The array. Raises PolyakError before it is there."""
        if self._array is None:
            raise PolyakError(self._why_missing())
        return self._array

    def grad(self, ctx: Device = None) -> NDArray:
        """The gradient that the last `backward` left."""
        return self.data().grad

    def zero_grad(self) -> None:
        """Forget the gradient."""
        if self.grad_req != "null":
            self.grad()[:] = 0.0

    def _attach(self, array: NDArray) -> None:
        array.attach_grad(self.grad_req)
        self._array = array

    def _why_missing(self) -> str:
        if self._waiting is not None:
            return f"the shape of {self.name} is not known yet: it is that of the first batch that passes through"
        return f"{self.name} has no numbers yet: call initialize() first"

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        array = getattr(self, "_array", None)
        if name == "grad_req" and array is not None and isinstance(array.node, Leaf):
            array.node.grad_req = str(value)

    def __repr__(self) -> str:
        return f"Parameter {self.name} (shape={self.shape}, dtype={np.dtype(self.dtype).name})"


class ParameterDict(dict[str, Parameter]):
    """Parameters by name."""

    def __init__(self, prefix: str = "", **_: object) -> None:
        super().__init__()
        self.prefix = prefix

    def get(self, name: str, default: None = None, **settings: Any) -> Parameter:  # type: ignore[override]
        """The parameter of that name under this prefix, made if there is none."""
        full = self.prefix + name
        if full not in self:
            self[full] = Parameter(full, **settings)
        return self[full]

    def initialize(
        self, init: How = None, ctx: Device = None, verbose: bool = False, force_reinit: bool = False
    ) -> None:
        """Begin all of them anew."""
        for parameter in self.values():
            parameter.initialize(None, ctx, init, force_reinit=force_reinit)

    def setattr(self, name: str, value: object) -> None:
        """Set an attribute of all of them."""
        for parameter in self.values():
            setattr(parameter, name, value)

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.values():
            parameter.zero_grad()

    def matching(self, select: str | None) -> ParameterDict:
        """Those whose name matches a regular expression from its start; all of them for None."""
        chosen = ParameterDict(self.prefix)
        chosen.update({name: one for name, one in self.items() if select is None or re.match(select, name)})
        return chosen

    def __repr__(self) -> str:
        lines = "\n".join(f"  {parameter}" for parameter in self.values())
        return f"{self.prefix} (\n{lines}\n)"
