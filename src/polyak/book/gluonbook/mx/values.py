"""What operations compute with, and which library computes it."""

from __future__ import annotations

from types import EllipsisType, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from polyak.rules.pages.handles import ArrayHandle, raw

if TYPE_CHECKING:
    import jax

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
"""An array of NumPy's: what the tape keeps, and the way back computes with."""

Array: TypeAlias = "Numbers | jax.Array"
"""What an operation computes with: NumPy's arrays, or JAX's inside a compiled training."""

Operand: TypeAlias = "ArrayHandle | Array | np.generic | float"
"""What a page may hand to an operation."""

Plain: TypeAlias = Any
"""An Array, or a Python number that takes the dtype of its company: what either library makes of it is its own."""

Place: TypeAlias = Any
"""An index as NumPy understands it."""

Index: TypeAlias = "int | slice | EllipsisType | ArrayHandle | Array | list[Any] | tuple[Any, ...] | None"
"""What a page may write between brackets."""


class OneNumber(np.ndarray[Any, np.dtype[Any]]):
    """An array of one number that is that number where one is asked for: `'%f' % array` was said of shape (1,) once.

    >>> "%.1f" % np.array([2.5]).view(OneNumber)
    '2.5'
    """

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __repr__(self) -> str:
        return repr(np.asarray(self))


DType: TypeAlias = "str | type | np.dtype[Any] | None"
"""A kind of number, as pages name it; float32 for None."""

Shape: TypeAlias = "int | tuple[int, ...]"
Axis: TypeAlias = "int | tuple[int, ...] | None"


def plain(value: object) -> Plain:
    """What an operation computes with: an array, or a Python number, which takes the dtype of its company."""
    value = raw(value)
    return value.item() if isinstance(value, np.generic) else value


def index(key: Index) -> Place:
    """What NumPy understands for an index that may hold arrays and lists of whole numbers in float32."""
    if isinstance(key, tuple):
        return tuple(map(index, key))
    if isinstance(key, list | ArrayHandle):
        return np.asarray(raw(key)).astype(int)
    return key


def library(values: tuple[object, ...]) -> ModuleType:
    """NumPy, or JAX's NumPy if any of the values is traced or JAX's."""
    if all(isinstance(value, np.ndarray | float | int) for value in values):
        return np
    import jax.numpy as jnp

    return jnp
