"""An optimizer as somebody gave it, classified once: whose it is, what it takes, how it is run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from polyak.frameworks.steppers import Stepper

Run = Callable[[str, Callable[..., Any], Mapping[str, Any]], Stepper]  # the class of a framework's steppers


@dataclass(frozen=True)
class Candidate:
    """What was given for an optimizer.

    Attributes:
        optimizer: the object itself: a rule, a class, a factory, a page's function, an optimizer made.
        label: what it is called in a report.
        run: makes it anew, given its settings by name.
        takes: the settings that it takes; None where any name may be one.
        settled: whether it has its settings already.
        spelled: its name in the catalogue, where it is its framework's own.
    """

    optimizer: object
    label: str
    run: Callable[[Mapping[str, Any]], Stepper]
    takes: tuple[str, ...] | None
    settled: bool = False
    spelled: str = ""

    @classmethod
    def of_factory(cls, factory: Callable[..., Any], label: str, stepper: Run) -> Candidate:
        """A class or a function that makes optimizers, run by `stepper(label, factory, settings)`."""
        return cls(factory, label, functools.partial(stepper, label, factory), named_arguments(factory))

    @classmethod
    def one_of(
        cls,
        factories: Mapping[str, Callable[..., Any]],
        optimizer: object,
        label: str,
        stepper: Run,
    ) -> Candidate | None:
        """An object that is one of these; None if it is none of them."""
        same = (factory for factory in factories.values() if factory is optimizer)
        return next((cls.of_factory(factory, label, stepper) for factory in same), None)


class Candidates(Protocol):
    """How one framework knows its own: the `stepper.py` of its folder."""

    KIND: str  # what one of its names stands for, in words

    def factories(self) -> dict[str, Callable[..., Any]]:
        """Its classes or functions, by the names that users type after the prefix."""

    def candidate(self, optimizer: object, label: str) -> Candidate | None:
        """What an object is, if it is one of this framework's; None if not."""


def label_of(optimizer: object) -> str:
    """What an object is called where it was given no name."""
    target = inner(optimizer)
    return str(getattr(target, "__name__", None) or type(target).__name__)


PARAMS = ("params", "parameters", "model_params", "model_parameters", "param_groups", "named_parameters")
BESIDE = ("lr", "learning_rate", "weight_decay", "wd", "momentum", "betas", "eps")


def takes_params_first(factory: object) -> bool:
    """Whether a function makes an optimizer of parameters: f(params, lr) ..., and is no page's.

    >>> takes_params_first(lambda params, lr: None), takes_params_first(lambda params, states, hyperparams: None)
    (True, False)
    """
    if not inspect.isfunction(factory):
        return False
    first, *rest = inspect.signature(factory).parameters.values() or (None,)
    if first is None or first.name not in PARAMS:
        return False
    return all(about.name in BESIDE or about.default is not about.empty for about in rest[:1])


def inner(optimizer: object) -> object:
    """The function or class that a partial is of."""
    return optimizer.func if isinstance(optimizer, functools.partial) else optimizer


def named_arguments(factory: Callable[..., Any]) -> tuple[str, ...] | None:
    """The settings that a class or a function takes by name; None where that cannot be told.

    >>> named_arguments(lambda params, lr, momentum=0.9: None)
    ('lr', 'momentum')
    """
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return None
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(about.name for about in parameters if about.kind in named and about.name != "params")
