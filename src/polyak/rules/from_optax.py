"""Rules that others wrote: anything with `init` and `update`, Optax's optimizers first of all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast, get_args

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.types import Schedule
from polyak.rules.base import Rule
from polyak.rules.protocol import Optimizer
from polyak.rules.pytrees import Node


class FromOptax(Node):
    """An Optax factory with its arguments, whose numbers stay traced: changing one compiles nothing.

    Made by `from_optax`.
    """

    def __init__(self, factory: Callable[..., Any], arguments: dict[str, Any]) -> None:
        self.factory = factory
        self.arguments = arguments

    def optimizer(self) -> Any:
        """The Optax transformation that the arguments make."""
        return self.factory(**self.arguments)

    def init(self, params: Any) -> Any:
        return self.optimizer().init(params)

    def update(self, grads: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        return cast("tuple[Any, Any]", self.optimizer().update(grads, state, params))

    def name(self) -> str:
        return f"optax:{_factory_name(self.factory)}"

    def settings(self) -> dict[str, Any]:
        return dict(self.arguments)

    def schedules(self) -> dict[str, Any]:
        """The arguments that are schedules; masks and dtypes are callables too."""
        return {name: value for name, value in self.arguments.items() if self._is_schedule(name, value)}

    def _is_schedule(self, name: str, value: Any) -> bool:
        import optax

        annotation = inspect.signature(self.factory).parameters[name].annotation
        kinds = (annotation, *get_args(annotation))
        takes_schedule = annotation is inspect.Parameter.empty or optax.Schedule in kinds
        return callable(value) and not isinstance(value, type) and takes_schedule

    def replace(self, **arguments: Any) -> FromOptax:
        return from_optax(self.factory, **{**self.arguments, **arguments})

    def _flatten(self) -> tuple[Any, Any]:
        free = [name for name, value in self.arguments.items() if _is_number(value)]
        fixed = [(name, value) for name, value in self.arguments.items() if name not in free]
        return [self.arguments[name] for name in free], (self.factory, tuple(free), tuple(fixed))

    @classmethod
    def _unflatten(cls, structure: Any, leaves: Any) -> FromOptax:
        factory, free, fixed = structure
        return cls(factory, {**dict(zip(free, leaves, strict=True)), **dict(fixed)})

    def __repr__(self) -> str:
        return f"{self.name()}({', '.join(f'{name}={value}' for name, value in self.arguments.items())})"


class Adapted(Node):
    """An object with `init` and `update` as it came; its numbers are compiled in."""

    def __init__(self, rule: Any) -> None:
        self.init, self.update, self.rule = rule.init, rule.update, rule

    def name(self) -> str:
        return type(self.rule).__name__

    def settings(self) -> dict[str, Any]:
        return {}

    def schedules(self) -> dict[str, Schedule]:
        return {}

    def replace(self, **settings: Any) -> Adapted:
        for name in settings:
            raise PolyakError(f"{self.name()} has no setting '{name}': its numbers are its own")
        return self

    def _flatten(self) -> tuple[Any, Any]:
        return (), self

    @classmethod
    def _unflatten(cls, structure: Any, leaves: Any) -> Adapted:
        found: Adapted = structure
        return found

    def __hash__(self) -> int:
        return hash((self.init, self.update))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Adapted) and (self.init, self.update) == (other.init, other.update)

    def __repr__(self) -> str:
        return self.name()


def _factory_name(factory: Any) -> str:
    """The factory's name, or Optax's own where it has none: `optax.nadam` is a `functools.partial`."""
    import optax

    found = [name for name, value in vars(optax).items() if value is factory]
    return str(getattr(factory, "__name__", None) or (found[0] if found else _factory_name(factory.func)))


def _is_number(value: Any) -> bool:
    """Floats, arrays and tables are traced; flags, counts and functions belong to the code."""
    if getattr(value, "is_tabulated", False):
        return True
    return not isinstance(value, bool | int | str | type(None)) and not callable(value)


def from_optax(factory: Callable[..., Any], **arguments: Any) -> FromOptax:
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


def as_rule(rule: object) -> Optimizer:
    """`rule` as something the loop can run: ours as it is, others adapted.

    Args:
        rule: a Rule, what `from_optax` returns, or any object with `init` and `update`.

    Raises PolyakError for anything else.

    >>> import optax
    >>> as_rule(optax.sgd(0.1))
    GradientTransformationExtraArgs
    """
    if isinstance(rule, type) and issubclass(rule, Rule):
        raise PolyakError(f"{rule.__name__} is a rule without settings, expected {rule.__name__}(...)")
    if not isinstance(rule, type) and isinstance(rule, Optimizer):
        return rule
    if callable(getattr(rule, "init", None)) and callable(getattr(rule, "update", None)):
        return Adapted(rule)
    shown = " ".join(repr(rule).split())
    raise PolyakError(f"{shown} is not a rule: expected a polyak rule or an object with init and update")
