"""The array of the old pages: a mutable handle whose operations can be recorded."""

from __future__ import annotations

from collections.abc import Iterator
from types import EllipsisType

import numpy as np

from polyak.book.gluonbook.missing import AskedFor, absent
from polyak.book.gluonbook.mx.along_axes import ALONG_AXES
from polyak.book.gluonbook.mx.context import Context, check, cpu
from polyak.book.gluonbook.mx.elementwise import ELEMENTWISE
from polyak.book.gluonbook.mx.operators import Operators
from polyak.book.gluonbook.mx.tape import Leaf, Node, deposit, mode, pulled_back
from polyak.book.gluonbook.mx.values import (
    Array,
    DType,
    Index,
    Numbers,
    OneNumber,
    Operand,
    Plain,
    index,
    library,
    plain,
)
from polyak.book.gluonbook.mx.windows import WINDOWS
from polyak.ground.errors import PolyakError
from polyak.rules.pages.handles import ArrayHandle, raw

OPERATIONS = {**ELEMENTWISE, **ALONG_AXES, **WINDOWS}
NUMPYS_NAMES = {"absolute": "abs", "true_divide": "divide", "remainder": "modulo"}
IN_PLACE_WHILE_RECORDING = (
    "an array that gradients pass through is overwritten under autograd.record(): do it after the block, "
    "or under autograd.pause()"
)


class NDArray(Operators):
    """An array of numbers, float32 unless said otherwise; NumPy's beneath, or JAX's inside a compiled training.

    Made by `nd.array`, `nd.zeros` and their like. What is computed from it under `autograd.record()` can be
    differentiated. What `nd` has for methods too is given to it there.

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

    def __init__(self, value: Array, node: Node | Leaf | None = None) -> None:
        super().__init__(value)
        self.node = node
        self.fresh_gradient = False
        self._part_of: tuple[NDArray, Index] | None = None

    # Derivatives.

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Ask for a gradient: `.grad` is made, zeros, and `backward` writes it, or adds to it."""
        if grad_req not in ("write", "add", "null"):
            raise PolyakError(f"grad_req is {grad_req!r}, expected 'write', 'add' or 'null'")
        self.grad = NDArray(np.zeros_like(self.value))
        self.node = Leaf(self, grad_req)

    def detach(self) -> NDArray:
        """The same numbers, computed from nothing."""
        return NDArray(self.value)

    def backward(
        self, out_grad: Operand | None = None, retain_graph: bool = False, train_mode: bool = True
    ) -> None:
        """Fill `.grad` of every attached array with the gradient of the sum of this one.

        Raises PolyakError if it was not recorded.
        """
        head = np.ones_like(self.value) if out_grad is None else raw(out_grad)
        deposit(pulled_back([(self.node, head)]))

    # Writing.

    def write(self, value: Operand) -> None:
        """Replace what is held; an array that a gradient is asked of, not while recording."""
        if isinstance(self.node, Leaf):
            if mode.recording:
                raise PolyakError(IN_PLACE_WHILE_RECORDING)
        else:
            recorded = value if mode.recording and isinstance(value, NDArray) else None
            self.node = recorded.node if recorded is not None and recorded.shape == self.shape else None
        super().write(plain(value))
        if self._part_of is not None:
            whole, key = self._part_of
            whole[key] = self.value

    def __setitem__(self, key: Index, value: Operand) -> None:
        part = not isinstance(key, EllipsisType) and not (isinstance(key, slice) and key == slice(None))
        if part and mode.recording and (self.node or getattr(value, "node", None)):
            raise PolyakError(IN_PLACE_WHILE_RECORDING)
        super().__setitem__(index(key), self._fitting(key, plain(value)) if part else value)

    def _fitting(self, key: Index, value: Plain) -> Plain:
        """A value for a part of this array: an array of one number is that number, where there is room for one."""
        one = getattr(value, "ndim", 0) and value.size == 1
        return value.reshape(()) if one and not self.value[index(key)].ndim else value

    # Reading.

    def operation(self, name: str, *operands: Operand) -> NDArray:
        """What an operation makes of operands, one of which is this."""
        return apply(name, *operands)

    def __getitem__(self, key: Index) -> NDArray:
        part = apply("item", self, key=index(key))
        if isinstance(key, int | slice):  # what is written to a row or a slice, is written to the whole
            part._part_of = self, key
        return part

    def __iter__(self) -> Iterator[NDArray]:
        return (self[k] for k in range(len(self)))

    def __getattr__(self, name: str) -> AskedFor:
        if name in ("ndim", "size"):
            return getattr(self.value, name)
        raise AttributeError(absent("an NDArray", name, dir(type(self))))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Operand, **options: object) -> NDArray:
        """What NumPy's functions and numbers do with an array is an operation like any other."""
        name = NUMPYS_NAMES.get(ufunc.__name__, ufunc.__name__)
        if method != "__call__" or options or name not in ELEMENTWISE:
            return NotImplemented
        return apply(name, *inputs)

    def __contains__(self, value: Operand) -> bool:
        return bool((self.value == plain(value)).any())

    @property
    def dtype(self) -> type[np.generic]:
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

    def asnumpy(self) -> Numbers:
        """A copy as a NumPy array; one of a single number serves as that number too, as it did in NumPy's own day."""
        copy = np.array(self.value)
        return copy.view(OneNumber) if copy.ndim and copy.size == 1 else copy

    def asscalar(self) -> np.generic:
        """The one number of an array that has one."""
        if self.value.size != 1:
            raise PolyakError(f"an array of shape {self.shape} is no single number")
        number: np.generic = np.asarray(self.value).reshape(-1)[0]
        return number

    item = asscalar

    @property
    def T(self) -> NDArray:  # noqa: N802
        """The transpose."""
        return apply("transpose", self)

    def copy(self) -> NDArray:
        """An array of its own with the same numbers."""
        return apply("cast", self, dtype=self.dtype)

    def astype(self, dtype: DType, copy: bool = True) -> NDArray:  # type: ignore[override]
        """The same numbers in another dtype."""
        return apply("cast", self, dtype=np.dtype(dtype))

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Write these numbers into another array, or make one on another device."""
        if isinstance(other, NDArray):
            other.write(self)
            return other
        return self.as_in_context(other).copy()

    def as_in_context(self, context: Context) -> NDArray:
        """This array, for there is one device."""
        check(context)
        return self

    as_in_ctx = as_in_context

    def __format__(self, how: str) -> str:
        """One number as numbers are spelled; more than one only as they show themselves."""
        return format(self.asscalar() if how and self.value.size == 1 else str(self), how)

    def wait_to_read(self) -> None:
        """Nothing: what was asked for is computed already."""

    def tolist(self) -> object:
        """The numbers as lists of lists."""
        return self.value.tolist()

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"\n{np.asarray(self.value)}\n<{type(self).__name__} {shape} @{self.context}>"

    __hash__ = object.__hash__


def apply(name: str, *inputs: Operand, **options: object) -> NDArray:
    """The result of an operation on arrays and numbers, recorded where a gradient may be asked of it.

    Where a page's own handles come in and no NDArray does, it is such a handle.
    """
    operation = OPERATIONS[name]
    values = tuple(map(plain, inputs))
    with np.errstate(all="ignore"):
        made: Plain = operation.forward(library(values), *values, **options)
    # Of arrays without a shape NumPy makes numbers.
    out: Array = np.asarray(made) if isinstance(made, np.generic | float) else made
    if name != "cast" and _has_grown(out, values):
        out = out.astype(np.float32)
    handles = [one for one in inputs if isinstance(one, ArrayHandle)]
    if handles and NDArray not in map(type, handles):
        return handles[0].new(out)  # type: ignore[return-value]
    result = NDArray(out)
    parents = tuple(getattr(one, "node", None) for one in inputs)
    if mode.recording and operation.pulls and parents != (None,) * len(parents):
        result.node = Node(operation, values, options, out, parents)
    return result


def _has_grown(out: Array, values: tuple[Array | float, ...]) -> bool:
    """Whether a result is float64 and nothing that it comes of is: whole numbers over whole numbers, for one."""
    return out.dtype == np.float64 and not any(getattr(value, "dtype", 0) == np.float64 for value in values)
