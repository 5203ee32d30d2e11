"""Optax's factories by name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import optax

from polyak.frameworks.polyak.stepper import RuleStepper
from polyak.frameworks.stepper import check_arguments
from polyak.ground.errors import PolyakError
from polyak.rules import from_optax

KIND = "factory of optax"


def factories() -> dict[str, Any]:
    """Optax's functions, which make transformations for the most part."""
    return {
        name: value
        for name, value in vars(optax).items()
        if (inspect.isfunction(value) or isinstance(value, functools.partial)) and not name.startswith("_")
    }


def of_factory(label: str, factory: Callable[..., Any], settings: dict[str, Any]) -> RuleStepper:
    """The stepper of a function that makes an Optax transformation."""
    check_arguments(label, factory, settings)
    rule = from_optax(factory, **settings)
    try:
        made = rule.optimizer()
    except Exception as error:
        first = next(iter(str(error).splitlines()), "")
        raise PolyakError(f"{label} fails: {type(error).__name__}: {first}") from error
    if not (hasattr(made, "init") and hasattr(made, "update")):
        raise PolyakError(f"{label} makes no optimizer")
    return RuleStepper(rule, label, backend="jax")
