"""One side of a verification: an optimizer that can be made again and again, with a setting more."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from polyak.frameworks import Stepper, factory, stepper, stepper_of
from polyak.frameworks.named import is_page
from polyak.frameworks.polyak.stepper import RuleStepper
from polyak.ground.errors import PolyakError, unknown
from polyak.rules import PageRule, Rule
from polyak.verify.scenarios import Scenario

LR_ARGUMENTS = ("lr", "learning_rate", "step_size", "learning_rate_init")


class Contender:
    """A candidate or a reference.

    Args:
        optimizer: a name such as torch:SGD or package.module:Class, or whatever `stepper_of` takes.
        shared: settings meant for both sides: what this one does not take is left out, and named in `left_out`.
        own: settings meant for this side alone.
    """

    def __init__(
        self, optimizer: Any, shared: Mapping[str, Any], own: Mapping[str, Any] | None = None
    ) -> None:
        self.optimizer = optimizer
        self.target = factory(optimizer) if isinstance(optimizer, str) else optimizer
        self.takes = _takes(self.target)
        self.left_out: tuple[str, ...] = ()
        given = {} if _is_made(self.target) else dict(shared)
        if self.takes is not None:
            given = {self._named(name): value for name, value in given.items()}
            self.left_out = tuple(name for name in given if name not in self.takes)
        self.settings = {name: value for name, value in given.items() if name not in self.left_out}
        self.settings |= {self._named(name): value for name, value in (own or {}).items()}
        self.name = self.make().name

    def _named(self, name: str) -> str:
        """A setting under this side's own name: the learning rate is spelled in four ways."""
        known = self.takes or ()
        if name in LR_ARGUMENTS and name not in known:
            return next((own for own in LR_ARGUMENTS if own in known), name)
        return name

    def make(self, extra: Mapping[str, Any] | None = None) -> Stepper:
        """A stepper with the settings, and some more."""
        extra = dict(extra or {})
        if isinstance(self.optimizer, str):
            return stepper(self.optimizer, {**self.settings, **extra})
        if isinstance(self.target, Rule) and extra:
            return stepper_of(self.target.replace(**extra))
        return stepper_of(self.target, {**self.settings, **extra})

    def obstacle(self, scenario: Scenario) -> str | None:
        """Why a scenario cannot be tried on this side; None if it can."""
        for name in scenario.settings:
            if name not in (self.takes or ()):
                return f"{self.name} takes no {name}"
            if name in self.settings:
                return f"{name} is set in all scenarios"
        found = self.make()
        if scenario.lr_factors is not None and found.lr is None:
            return f"the learning rate of {self.name} cannot be set"
        if any(scenario.missing) and (isinstance(found, RuleStepper) or not found.skips_missing):
            return f"{self.name} is given a gradient for every parameter"
        return None

    def stepper(self, scenario: Scenario) -> Stepper:
        """The stepper for a scenario."""
        found = self.make(scenario.settings)
        if scenario.nested and isinstance(found, RuleStepper):
            found.nested = True
        return found

    def __str__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.name}({settings})" if settings else self.name


def checked(contender: Contender, settings: Mapping[str, Any]) -> Contender:
    """The reference, which must take every setting that was given."""
    for name in contender.left_out:
        raise unknown(f"argument of {contender.name}", name, contender.takes or ())
    if settings and _is_made(contender.target):
        raise PolyakError(f"{contender.name} has its settings already; {next(iter(settings))} has no place")
    return contender


def _is_made(target: Any) -> bool:
    """Whether an optimizer has its settings already."""
    if isinstance(target, Rule | PageRule):
        return True
    is_class_or_function = isinstance(target, type | functools.partial) or inspect.isroutine(target)
    return not is_class_or_function and not hasattr(target, "makes_torch_optimizer")


def _takes(target: Any) -> tuple[str, ...] | None:
    """The settings that a class, a factory or a rule takes by name; None where any name may be one."""
    if isinstance(target, Rule) or (isinstance(target, type) and issubclass(target, Rule)):
        return (*target.hyperparameters(), *target.choices())
    if hasattr(target, "makes_torch_optimizer"):
        return (*target.rule.settings(), "maximize")
    if _is_made(target):
        return ()
    if is_page(target):
        return None
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return None
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(about.name for about in parameters if about.kind in named and about.name != "params")
