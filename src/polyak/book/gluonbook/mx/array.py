"""The array of the old pages: a mutable handle whose operations can be recorded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx.context import Context, check, cpu
from polyak.book.gluonbook.mx.elementwise import ELEMENTWISE
from polyak.book.gluonbook.mx.operators import give_operators
from polyak.book.gluonbook.mx.shaping import SHAPING
from polyak.book.gluonbook.mx.tape import Leaf, Node, deposit, mode, pulled_back
from polyak.book.gluonbook.mx.values import index, library, plain
from polyak.ground.errors import PolyakError
from polyak.rules.pages.handles import ArrayHandle, raw

OPERATIONS = {**ELEMENTWISE, **SHAPING}
IN_PLACE_WHILE_RECORDING = (
    "an array that gradients pass through is overwritten under autograd.record(): do it after the block, "
    "or under autograd.pause()"
)


class NDArray(ArrayHandle):
    """An array of numbers, float32 unless said otherwise; NumPy's beneath, or JAX's inside a compiled training.

    Made by `nd.array`, `nd.zeros` and their like. What is computed from it under `autograd.record()` can be
    differentiated.

    >>> from polyak.book.gluonbook.mx import autograd, nd
    >>> x = nd.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = (x**3).sum()
    >>> y.backward()
    >>> print(x.grad)
    <BLANKLINE>
    [ 3. 12.]
    <NDArray 2 @cpu(0)>
    """

    def __init__(self, value: Any, node: Any = None) -> None:
        super().__init__(value)
        self.node = node
        self.fresh_gradient = False
        self._part_of: tuple[NDArray, Any] | None = None

    # Derivatives.

    def attach_grad(self, grad_req: str = "write", stype: Any = None) -> None:
        """Ask for a gradient: `.grad` is made, zeros, and `backward` writes it, or adds to it."""
        if grad_req not in ("write", "add", "null"):
            raise PolyakError(f"grad_req is {grad_req!r}, expected 'write', 'add' or 'null'")
        self.grad = NDArray(np.zeros_like(self.value))
        self.node = Leaf(self, grad_req)

    def detach(self) -> NDArray:
        """The same numbers, computed from nothing."""
        return NDArray(self.value)

    def backward(self, out_grad: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
        """Fill `.grad` of every attached array with the gradient of the sum of this one.

        Raises PolyakError if it was not recorded.
        """
        head = np.ones_like(self.value) if out_grad is None else raw(out_grad)
        deposit(pulled_back([(self.node, head)]))

    # Writing.

    def write(self, value: Any) -> None:
        """Replace what is held; an array that a gradient is asked of, not while recording."""
        if isinstance(self.node, Leaf):
            if mode.recording:
                raise PolyakError(IN_PLACE_WHILE_RECORDING)
        else:
            follows = mode.recording and isinstance(value, NDArray) and value.shape == self.shape
            self.node = value.node if follows else None
        super().write(plain(value))
        if self._part_of is not None:
            whole, key = self._part_of
            whole[key] = self.value

    def __setitem__(self, key: Any, value: Any) -> None:
        part = not (key is Ellipsis or (isinstance(key, slice) and key == slice(None)))
        if part and mode.recording and (self.node or getattr(value, "node", None)):
            raise PolyakError(IN_PLACE_WHILE_RECORDING)
        super().__setitem__(index(key), plain(value) if part else value)

    # Reading.

    def __getitem__(self, key: Any) -> Any:
        found = apply("item", self, key=index(key))
        if isinstance(key, int | slice):  # what is written to a row or a slice, is written to the whole
            found._part_of = self, key
        return found

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        from polyak.book.gluonbook.mx import nd

        if name in nd.METHODS:
            return partial(getattr(nd, name), self)
        if name in ("ndim", "size"):
            return getattr(self.value, name)
        raise AttributeError(absent("an NDArray", name, (*dir(type(self)), *nd.METHODS)))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """What NumPy's functions and numbers do with an array is an operation like any other."""
        name = {"absolute": "abs", "true_divide": "divide", "remainder": "modulo"}.get(
            ufunc.__name__, ufunc.__name__
        )
        if method != "__call__" or options or name not in ELEMENTWISE:
            return NotImplemented
        return apply(name, *inputs)

    def __contains__(self, value: Any) -> bool:
        return bool((self.value == plain(value)).any())

    @property
    def dtype(self) -> Any:
        """The kind of number, as NumPy's type."""
        return np.dtype(self.value.dtype).type

    @property
    def shape(self) -> tuple[int, ...]:
        """How many numbers along each axis."""
        return tuple(self.value.shape)

    @property
    def context(self) -> Context:
        """Where it is."""
        return cpu()

    ctx = context
    stype = "default"

    def asnumpy(self) -> Any:
        """A copy as a NumPy array."""
        return np.array(self.value)

    def asscalar(self) -> Any:
        """The one number of an array that has one."""
        if self.value.size != 1:
            raise PolyakError(f"an array of shape {self.shape} is no single number")
        return np.asarray(self.value).reshape(())[()]

    item = asscalar

    @property
    def T(self) -> Any:  # noqa: N802
        """The transpose."""
        return apply("transpose", self)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """The same numbers in another shape; 0 keeps an axis, -1 takes what is left."""
        from polyak.book.gluonbook.mx import nd

        if "shape" in options:
            shape = (options.pop("shape"),)
        return nd.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def copy(self) -> Any:
        """An array of its own with the same numbers."""
        return apply("cast", self, dtype=self.dtype)

    def norm(self, **options: Any) -> Any:
        """The Euclidean norm, over all axes or over `axis`."""
        return apply("norm", self, **options)

    def dot(self, other: Any, **options: Any) -> Any:
        """The matrix product."""
        return apply("dot", self, other, **options)

    def clip(self, low: Any, high: Any) -> Any:
        """Each number held between `low` and `high`."""
        return apply("clip", self, low=low, high=high)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """The same numbers in another dtype."""
        return apply("cast", self, dtype=np.dtype(dtype))

    def copyto(self, other: Any) -> Any:
        """Write these numbers into another array, or make one on another device."""
        if isinstance(other, NDArray):
            other.write(self)
            return other
        return self.as_in_context(other).copy()

    def as_in_context(self, context: Any) -> NDArray:
        """This array, for there is one device."""
        check(context)
        return self

    def wait_to_read(self) -> None:
        """Nothing to wait for: every operation is done when it returns."""

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"\n{np.asarray(self.value)}\n<{type(self).__name__} {shape} @{self.context}>"

    def __hash__(self) -> int:
        return id(self)


def apply(name: str, *inputs: Any, **options: Any) -> Any:
    """The result of an operation on arrays and numbers, recorded where a gradient may be asked of it."""
    operation = OPERATIONS[name]
    values = tuple(map(plain, inputs))
    with np.errstate(all="ignore"):
        out = operation.forward(library(values), *values, **options)
    if (
        name != "cast"
        and out.dtype == np.float64
        and not any(getattr(value, "dtype", None) == np.float64 for value in values)
    ):
        out = out.astype(np.float32)  # whole numbers over whole numbers, for one
    handle = next((one for one in inputs if isinstance(one, ArrayHandle)), None)
    if handle is not None and not any(isinstance(one, NDArray) for one in inputs):
        return handle.new(out)
    found = NDArray(out)
    if mode.recording and operation.pulls:
        parents = tuple(getattr(one, "node", None) for one in inputs)
        if any(parent is not None for parent in parents):
            found.node = Node(operation, values, options, out, parents)
    return found


give_operators(NDArray, apply)
