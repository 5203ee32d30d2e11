"""What people name a rule by: one, its class or its name with settings, whatever has `init` and `update`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from polyak.ground.errors import PolyakError, nearest
from polyak.ground.types import Pytree, Schedule
from polyak.rules.base import CATALOGUE, Rule
from polyak.rules.protocol import Optimizer, Transformation
from polyak.rules.pytrees import Node


class Adapted(Node):
    """An object with `init` and `update` as it came; its numbers are compiled in."""

    def __init__(self, rule: Transformation) -> None:
        self.rule = rule

    def init(self, params: Pytree) -> Pytree:
        return self.rule.init(params)

    def update(self, grads: Pytree, state: Pytree, params: Pytree = None) -> tuple[Pytree, Pytree]:
        return self.rule.update(grads, state, params)

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

    def _flatten(self) -> tuple[tuple[()], Adapted]:
        return (), self

    @classmethod
    def _unflatten(cls, structure: Adapted, leaves: Sequence[Pytree]) -> Adapted:
        return structure

    def __hash__(self) -> int:
        return hash(self._functions())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Adapted) and self._functions() == other._functions()

    def _functions(self) -> tuple[object, object]:
        return self.rule.init, self.rule.update

    def __repr__(self) -> str:
        return self.name()


def as_rule(rule: object, verb: Callable[..., object] | None = None, /, **settings: Any) -> Optimizer:
    """`rule` as something the loop can run: ours as it is, others adapted.

    Args:
        rule: a Rule, what `from_optax` returns, any object with `init` and `update`; or a Rule's class, or its name in
            the catalogue.
        verb: the function that was called with the settings among its own arguments, which may have been meant.
        settings: of a class or a name: its hyper-parameters and choices.

    Raises PolyakError for anything else, for a setting that is missing, not known or out of range, and for settings of
    a rule that has its own.

    >>> as_rule("heavy_ball", lr=0.1, momentum=0.9)
    HeavyBall(lr=0.1, momentum=0.9, lr_in_velocity=True)
    >>> import optax
    >>> as_rule(optax.sgd(0.1))
    GradientTransformationExtraArgs
    """
    cls = CATALOGUE.find(rule) if isinstance(rule, str) else rule
    if isinstance(cls, type) and issubclass(cls, Rule):
        if cls is rule and not settings:
            raise PolyakError(f"{cls.__name__} is a rule without settings, expected {cls.__name__}(...)")
        _refuse_slips(verb, settings, [*cls.hyperparameters(), *cls.choices()])
        return cls.from_settings(**settings)
    _refuse_slips(verb, settings, [])
    for name in settings:
        raise PolyakError(f"{_shown(rule)} has its settings already: {name} has no place")
    if not isinstance(rule, type) and isinstance(rule, Optimizer):
        return rule
    if not isinstance(rule, type) and isinstance(rule, Transformation):
        return Adapted(rule)
    raise PolyakError(
        f"{_shown(rule)} is not a rule: expected a polyak rule, its name or an object with init and update"
    )


def _shown(rule: object) -> str:
    return " ".join(repr(rule).split())


def _refuse_slips(verb: Callable[..., object] | None, settings: Iterable[str], known: list[str]) -> None:
    """Refuse a setting that is none of the rule's, but nearly an argument of the verb's."""
    takes = [] if verb is None else list(inspect.signature(verb).parameters)
    for name in settings:
        near = None if name in known else nearest(name, [*known, *takes])
        if near in takes:
            raise PolyakError(f"unknown argument '{name}', did you mean '{near}'?")
