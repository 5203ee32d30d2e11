"""Python's operators on arrays, each an operation that can be recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyak.rules.pages.handles import ArrayHandle

ARITHMETIC = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "mod": "modulo",
    "pow": "power",
}
COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
SIGNS = {"neg": "negative", "abs": "abs"}


def give_operators(cls: Any, apply: Callable[..., Any]) -> None:
    """Let `apply(name, *operands)` answer for the operators of a class of arrays."""
    for symbol, name in ARITHMETIC.items():
        setattr(cls, f"__{symbol}__", _operator(apply, name))
        setattr(cls, f"__r{symbol}__", _operator(apply, name, swapped=True))
        setattr(cls, f"__i{symbol}__", _in_place(apply, name))
    for symbol, name in COMPARISONS.items():
        setattr(cls, f"__{symbol}__", _operator(apply, name))
    for symbol, name in SIGNS.items():
        setattr(cls, f"__{symbol}__", lambda self, name=name: apply(name, self))


def _operator(apply: Callable[..., Any], name: str, *, swapped: bool = False) -> Any:
    def operate(self: Any, other: Any) -> Any:
        if not isinstance(other, int | float | np.generic | np.ndarray | ArrayHandle):
            return NotImplemented
        return apply(name, other, self) if swapped else apply(name, self, other)

    return operate


def _in_place(apply: Callable[..., Any], name: str) -> Any:
    def operate(self: Any, other: Any) -> Any:
        self.write(apply(name, self, other))
        return self

    return operate
