"""Array handles: what a page's function writes to and reads from, around arrays that know no writing.

A handle behaves as the arrays of MXNet's pages do: `v[:] = ...` and `v *= ...` replace what it holds, arithmetic makes
new handles, and `.sqrt()`, `.square()` and their like are methods. What it holds may be an array of JAX, NumPy or
PyTorch, traced or not.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import Any, Self

import numpy as np
from array_api_compat import array_namespace, is_jax_array
from numpy.typing import DTypeLike

from polyak.ground.errors import PolyakError
from polyak.ground.types import Number

Operand = Number  # an array of any library, traced or not, a number, or a handle around one
Key = int | slice | EllipsisType | Number  # what stands in brackets
REDUCTIONS = ("sum", "mean", "max", "min", "prod")
ELEMENTWISE = ("square", "sqrt", "abs", "exp", "log", "sign", "tanh", "sin", "cos", "log1p", "expm1", "floor")


def raw(value: Operand) -> Operand:
    """What a handle holds; anything else as it is."""
    return value.value if isinstance(value, ArrayHandle) else value


class ArrayHandle:
    """A mutable handle around an array.

    Attributes:
        value: the array that it holds now.
        grad: the gradient, another handle, where the page is given one.
        written: whether anything was written to it.

    >>> import numpy as np
    >>> v = ArrayHandle(np.array([1.0, 4.0]))
    >>> v[:] = 0.5 * v + v.sqrt()
    >>> v.value
    array([1.5, 4. ])
    """

    __array_priority__ = 1000

    def __init__(self, value: Operand, grad: Operand = None) -> None:
        self.value = value
        self.grad = grad
        self.written = False

    # Writing.

    def write(self, value: Operand) -> None:
        """Replace what is held by a value of the same shape, or one that spreads to it, in the same dtype."""
        value = raw(value)
        held = self.value
        shape = getattr(value, "shape", ())
        if tuple(shape) != tuple(held.shape):
            xp = array_namespace(held)
            value = xp.asarray(value, dtype=held.dtype)
            try:
                value = xp.broadcast_to(value, tuple(held.shape))
            except Exception:
                raise PolyakError(
                    f"an array of shape {tuple(held.shape)} is given one of {tuple(shape)}"
                ) from None
        self.value = array_namespace(held).astype(value, held.dtype) if value.dtype != held.dtype else value
        self.written = True

    def __setitem__(self, key: Key, value: Operand) -> None:
        if _is_all(key):
            self.write(value)
        elif is_jax_array(self.value):
            self.write(self.value.at[raw(key)].set(raw(value)))
        else:
            copy = array_namespace(self.value).asarray(self.value, copy=True)
            copy[raw(key)] = raw(value)
            self.write(copy)

    def __getitem__(self, key: Key) -> Any:
        return self if _is_all(key) else self.new(self.value[raw(key)])

    # Reading.

    def new(self, value: Operand) -> Self:
        """A handle of the same kind around a new value."""
        return type(self)(value)

    def __iter__(self) -> Any:
        raise TypeError("one array stands where several were expected")

    def __len__(self) -> int:
        return int(self.value.shape[0])

    def __bool__(self) -> bool:
        return bool(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def _number(self) -> Any:
        """What is held; of shape () where it is one number, for an array of shape (1,) is not taken for one."""
        return self.value.reshape(()) if math.prod(self.value.shape) == 1 else self.value

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Any:
        return np.asarray(self.value, dtype=dtype)

    def __jax_array__(self) -> Any:
        return self.value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Operand, **options: object) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        return self.new(getattr(array_namespace(self.value), ufunc.__name__)(*map(raw, inputs)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ELEMENTWISE:
            return lambda: self.new(getattr(array_namespace(self.value), name)(self.value))
        if name in REDUCTIONS:
            return lambda *axes, **options: self.new(
                getattr(array_namespace(self.value), name)(self.value, *axes, **options)
            )
        if name in ("shape", "dtype", "ndim", "size"):
            found = getattr(self.value, name)
            return tuple(found) if name == "shape" else found() if callable(found) else found
        raise AttributeError(f"an array handle has no '{name}'")

    @property
    def T(self) -> Any:  # noqa: N802
        """The transpose."""
        return self.new(self.value.T)

    def reshape(self, *shape: int | Sequence[int]) -> Any:
        """The same numbers in another shape."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        return self.new(self.value.reshape(tuple(wanted)))

    def copy(self) -> Any:
        """A handle of its own around the same value."""
        return self.new(self.value)

    def norm(self) -> Any:
        """The Euclidean norm."""
        return self.new((self.value**2).sum()).sqrt()

    def dot(self, other: Operand) -> Any:
        """The matrix product."""
        return self.new(self.value @ raw(other))

    def clip(self, low: Operand, high: Operand) -> Any:
        """Each number held between `low` and `high`."""
        return self.new(array_namespace(self.value).clip(self.value, raw(low), raw(high)))

    def astype(self, dtype: object) -> Any:
        """The same numbers in another dtype."""
        return self.new(array_namespace(self.value).astype(self.value, dtype))

    def asnumpy(self) -> Any:
        """The numbers as a NumPy array."""
        return self.__array__()

    def asscalar(self) -> Any:
        """The one number held, as a Python number."""
        return self.__array__().item()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    __hash__ = object.__hash__


def _is_all(key: Key) -> bool:
    return key is Ellipsis or (isinstance(key, slice) and key == slice(None))


def _binary(of: Callable[[Any, Any], Any], *, swapped: bool = False) -> Any:
    def operate(self: ArrayHandle, other: Operand) -> Any:
        left, right = (raw(other), self.value) if swapped else (self.value, raw(other))
        return self.new(of(left, right))

    return operate


def _unary(of: Callable[[Any], Any]) -> Any:
    def operate(self: ArrayHandle) -> Any:
        return self.new(of(self.value))

    return operate


def _in_place(of: Callable[[Any, Any], Any]) -> Any:
    def operate(self: ArrayHandle, other: Operand) -> Any:
        self.write(of(self.value, raw(other)))
        return self

    return operate


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "mod"):
    _of = getattr(operator, _name)
    setattr(ArrayHandle, f"__{_name}__", _binary(_of))
    setattr(ArrayHandle, f"__r{_name}__", _binary(_of, swapped=True))
    setattr(ArrayHandle, f"__i{_name}__", _in_place(_of))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(ArrayHandle, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in ("neg", "abs"):
    setattr(ArrayHandle, f"__{_name}__", _unary(getattr(operator, _name)))
