"""The base of rules made from a page's function: what is traced of it, and whether it can be."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Hashable, Sequence
from types import FunctionType
from typing import Any, Self

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.types import Number, Pytree, Schedule
from polyak.rules.pages.captured import (
    UntraceableError,
    captured,
    first_line,
    obstacle,
    reading,
    rebuilt,
    surroundings,
)
from polyak.rules.pages.handles import ArrayHandle, raw
from polyak.rules.pytrees import Node, unchecked

WORDS = (str, bytes, bool, type(None))
MOST_VERDICTS = 256
# Whether a rule of one structure can be traced for parameters of some shapes: the last few answers.
_verdicts: dict[Hashable, str | None] = {}


class PageRule(Node):
    """A page's own function as a rule; its numbers, its own arguments' and the page's, are traced.

    Attributes:
        function: the page's function, unedited.
        arguments: hyper-parameters given by name; a schedule may stand for a number.
    """

    takes: tuple[str, ...]  # the names of the function's arguments, as pages spell them
    arrays: tuple[str, ...] = ()  # attributes that hold arrays, traced as the numbers are

    def __init__(self, function: FunctionType, arguments: dict[str, Any]) -> None:
        self.function = function
        self.arguments = arguments
        self._traced: dict[str, Any] | None = None

    def init(self, params: Pytree) -> Pytree:
        """The state before the first step."""
        raise NotImplementedError

    def update(self, grads: Pytree, state: Pytree, params: Pytree = None) -> tuple[Pytree, Pytree]:
        """What to add to the parameters, and the next state."""
        raise NotImplementedError

    def name(self) -> str:
        """The function's own name."""
        return self.function.__name__

    def settings(self) -> dict[str, Any]:
        """The hyper-parameters, and the numbers that the function reads from its page, as they are now."""
        numbers = {name: value for name, value in self._read().items() if isinstance(value, int | float)}
        return {**numbers, **self.arguments}

    def schedules(self) -> dict[str, Schedule]:
        """The hyper-parameters that change with the step."""
        return {name: value for name, value in self.arguments.items() if callable(value)}

    def replace(self, **arguments: Any) -> Self:
        """A copy with some hyper-parameters changed; a name of the page's is given a value of its own."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.arguments = {**self.arguments, **arguments}
        return copy

    def untraceable(self, params: Pytree) -> str | None:
        """Why this rule must run step by step, in words; None if it compiles."""
        import jax

        leaves, structure = jax.tree.flatten((self, params))
        key = structure, tuple((jax.numpy.shape(leaf), jax.dtypes.result_type(leaf)) for leaf in leaves)
        if key not in _verdicts:
            while len(_verdicts) >= MOST_VERDICTS:
                _verdicts.pop(next(iter(_verdicts)))  # the oldest
            _verdicts[key] = self._verdict(params)
        return _verdicts[key]

    def _verdict(self, params: Pytree) -> str | None:
        import jax

        found = obstacle(self.function)
        if found is not None:
            return found
        try:
            # Shapes alone: nothing of the page runs on numbers here.
            jax.eval_shape(lambda x: self.update(x, self.init(x), x), params)
        except PolyakError:
            raise
        except (
            jax.errors.JAXTypeError,
            jax.errors.JAXIndexError,
            UntraceableError,
            TypeError,
            ValueError,
        ) as error:
            return first_line(error)
        return None

    def _flatten(self) -> tuple[Sequence[Pytree], Hashable]:
        """Floats and arrays are leaves; counts, functions and what the page reads beside are the structure."""
        read = {name: raw(value) for name, value in self._read().items()}
        counts, free = _parted(read, lambda value: isinstance(value, int))
        fixed, numbers = _parted(self.arguments, _is_fixed)
        rest = {name: value for name, value in vars(self).items() if name not in ("arguments", "_traced")}
        arrays = {name: rest.pop(name) for name in self.arrays if not callable(rest[name])}
        around = Same(surroundings(self.function))
        return (free, numbers, arrays), (Same(rest), around, tuple(counts.items()), tuple(fixed.items()))

    @classmethod
    def _unflatten(cls, structure: Pytree, leaves: Sequence[Pytree]) -> Self:
        rest, _, counts, fixed = structure
        free, numbers, arrays = leaves
        traced, arguments = {**dict(counts), **free}, {**dict(fixed), **numbers}
        return unchecked(cls, {**rest.attributes, **arrays, "_traced": traced, "arguments": arguments})

    def __str__(self) -> str:
        shown = ", ".join(
            f"{name}={readable(value, 6)}" for name, value in self.settings().items() if not callable(value)
        )
        return f"{self.name()}({shown})"

    __repr__ = __str__

    def _read(self) -> dict[str, Any]:
        """The page's names that the function reads, but for those that are given as arguments."""
        found = captured(self.function) if self._traced is None else self._traced
        return {name: value for name, value in found.items() if name not in self.arguments}

    def _callable(
        self, arguments: dict[str, Any], *, traced: bool, trial: bool = False
    ) -> Callable[..., Any]:
        """The page's function as it is, or reading traced values for the names of its page, or on trial."""
        values = {**self._read(), **arguments}
        known = captured(self.function)
        if not traced and not trial and not any(name in known for name in arguments):
            return self.function
        as_found = {
            name: known[name].new(raw(value)) if isinstance(known.get(name), ArrayHandle) else value
            for name, value in values.items()
        }
        return rebuilt(self.function, as_found) if traced else reading(self.function, as_found, trial=trial)

    def _at(self, count: Number) -> dict[str, Any]:
        return {name: value(count) if callable(value) else value for name, value in self.arguments.items()}


def arity(function: Callable[..., Any]) -> int:
    """How many arguments a function needs."""
    parameters = inspect.signature(function).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.default is p.empty and p.kind in positional for p in parameters)


def page_function(function: object, takes: tuple[str, ...]) -> FunctionType:
    """A page's function, if it is one of the arguments that such a page's function takes."""
    spelled = f"f({', '.join(takes)})"
    if not isinstance(function, FunctionType):
        raise PolyakError(f"{function!r} is no function, expected {spelled}")
    if arity(function) != len(takes):
        raise PolyakError(f"{function.__name__} takes {arity(function)} arguments, expected {spelled}")
    return function


def checked_arguments(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Hyper-parameters as numbers; text and nan are refused."""
    found = {}
    for key, value in arguments.items():
        if isinstance(value, str | bool) or (isinstance(value, int | float) and math.isnan(value)):
            raise PolyakError(f"{name}: {key} is {value!r}, expected a number or a schedule")
        found[key] = value
    return found


def _parted(
    values: dict[str, Any], chosen: Callable[[object], bool]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values that are chosen, and the others."""
    these = {name: value for name, value in values.items() if chosen(value)}
    return these, {name: value for name, value in values.items() if name not in these}


def _is_fixed(value: object) -> bool:
    return callable(value) and not getattr(value, "is_tabulated", False)


class Same:
    """Attributes that are the same where they are the same objects, or the same words and flags."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.attributes = attributes
        self.identity = tuple(
            (name, (type(value), value) if isinstance(value, WORDS) else id(value))
            for name, value in sorted(attributes.items())
        )

    def __hash__(self) -> int:
        return hash(self.identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.identity == other.identity
