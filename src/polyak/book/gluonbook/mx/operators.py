"""Python's operators on arrays, each an operation that can be recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from polyak.book.gluonbook.mx.values import Operand
from polyak.rules.pages.handles import ArrayHandle

Kind = TypeVar("Kind", bound="Operators")


def _operator(name: str, *, swapped: bool = False) -> Callable[[Kind, Operand], Kind]:
    def operate(self: Kind, other: Operand) -> Kind:
        if not isinstance(other, int | float | np.generic | np.ndarray | ArrayHandle):
            return NotImplemented
        return self.operation(name, other, self) if swapped else self.operation(name, self, other)

    return operate


def _swapped(name: str) -> Callable[[Kind, Operand], Kind]:
    return _operator(name, swapped=True)


def _in_place(name: str) -> Callable[[Kind, Operand], Kind]:
    def operate(self: Kind, other: Operand) -> Kind:
        self.write(self.operation(name, self, other))
        return self

    return operate


class Operators(ArrayHandle):
    """A handle whose operators are operations by name."""

    def operation(self: Kind, name: str, *operands: Operand) -> Kind:
        """What an operation makes of operands, one of which is this."""
        raise NotImplementedError

    __add__, __radd__, __iadd__ = _operator("add"), _swapped("add"), _in_place("add")
    __sub__, __rsub__, __isub__ = _operator("subtract"), _swapped("subtract"), _in_place("subtract")
    __mul__, __rmul__, __imul__ = _operator("multiply"), _swapped("multiply"), _in_place("multiply")
    __truediv__, __rtruediv__, __itruediv__ = _operator("divide"), _swapped("divide"), _in_place("divide")
    __mod__, __rmod__, __imod__ = _operator("modulo"), _swapped("modulo"), _in_place("modulo")
    __pow__, __rpow__, __ipow__ = _operator("power"), _swapped("power"), _in_place("power")
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __eq__ = _operator("equal")  # type: ignore[assignment]
    __ne__ = _operator("not_equal")  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __neg__(self: Kind) -> Kind:
        return self.operation("negative", self)

    def __abs__(self: Kind) -> Kind:
        return self.operation("abs", self)
