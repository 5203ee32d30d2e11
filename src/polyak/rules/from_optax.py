"""Rules that others wrote: an Optax factory with its arguments."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, get_args

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.types import Number, Pytree, Schedule
from polyak.rules.protocol import Transformation
from polyak.rules.pytrees import Node

Factory = Callable[..., Transformation]


class FromOptax(Node):
    """An Optax factory with its arguments, whose numbers stay traced: changing one compiles nothing.

    Made by `from_optax`.
    """

    def __init__(self, factory: Factory, arguments: dict[str, Any]) -> None:
        self.factory = factory
        self.arguments = arguments

    def optimizer(self) -> Transformation:
        """The Optax transformation that the arguments make."""
        return self.factory(**self.arguments)

    def init(self, params: Pytree) -> Pytree:
        return self.optimizer().init(params)

    def update(self, grads: Pytree, state: Pytree, params: Pytree = None) -> tuple[Pytree, Pytree]:
        return self.optimizer().update(grads, state, params)

    def name(self) -> str:
        return f"optax:{_factory_name(self.factory)}"

    def settings(self) -> dict[str, Any]:
        return dict(self.arguments)

    def schedules(self) -> dict[str, Schedule]:
        """The arguments that are schedules; masks and dtypes are callables too."""
        return {name: value for name, value in self.arguments.items() if self._is_schedule(name, value)}

    def _is_schedule(self, name: str, value: object) -> bool:
        import optax

        annotation = inspect.signature(self.factory).parameters[name].annotation
        kinds = (annotation, *get_args(annotation))
        takes_schedule = annotation is inspect.Parameter.empty or optax.Schedule in kinds
        return callable(value) and not isinstance(value, type) and takes_schedule

    def replace(self, **arguments: Any) -> FromOptax:
        return from_optax(self.factory, **{**self.arguments, **arguments})

    def _flatten(self) -> tuple[list[Number], tuple[Factory, tuple[str, ...], tuple[tuple[str, Any], ...]]]:
        free = [name for name, value in self.arguments.items() if _is_number(value)]
        fixed = [(name, value) for name, value in self.arguments.items() if name not in free]
        return [self.arguments[name] for name in free], (self.factory, tuple(free), tuple(fixed))

    @classmethod
    def _unflatten(cls, structure: Pytree, leaves: Sequence[Pytree]) -> FromOptax:
        factory, free, fixed = structure
        return cls(factory, {**dict(zip(free, leaves, strict=True)), **dict(fixed)})

    def __repr__(self) -> str:
        return f"{self.name()}({', '.join(f'{name}={value}' for name, value in self.arguments.items())})"


def _factory_name(factory: Factory) -> str:
    """The factory's name, or Optax's own where it has none: `optax.nadam` is a `functools.partial`."""
    import optax

    names = [name for name, value in vars(optax).items() if value is factory]
    if isinstance(factory, functools.partial):
        return names[0] if names else _factory_name(factory.func)
    return factory.__name__


def _is_number(value: object) -> bool:
    """Floats, arrays and tables are traced; flags, counts and functions belong to the code."""
    if getattr(value, "is_tabulated", False):
        return True
    return not isinstance(value, bool | int | str | type(None)) and not callable(value)


def from_optax(factory: Factory, **arguments: Any) -> FromOptax:
    """A rule from an Optax factory and its arguments.

    Args:
        factory: a function that returns an Optax gradient transformation, such as `optax.adam`.
        arguments: its arguments by name; floats and schedules are traced, the rest is fixed.

    Raises PolyakError for a name the factory does not take and for a missing one.

    >>> import optax
    >>> from_optax(optax.sgd, learning_rate=0.1, momentum=0.9)
    optax:sgd(learning_rate=0.1, momentum=0.9)
    """
    parameters = inspect.signature(factory).parameters
    label = f"optax:{_factory_name(factory)}"
    for name in arguments:
        if name not in parameters:
            raise unknown(f"argument of {label}", name, parameters)
    missing = [
        name for name, about in parameters.items() if about.default is about.empty and name not in arguments
    ]
    if missing:
        raise PolyakError(f"{label} needs {missing[0]}")
    return FromOptax(factory, arguments)
