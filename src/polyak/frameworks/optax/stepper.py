"""Optax's factories and objects."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import optax
import optax.contrib

from polyak.frameworks.candidate import Candidate
from polyak.frameworks.polyak.stepper import candidate_by_protocol

KIND = "factory of optax"


def factories() -> dict[str, Callable[..., Any]]:
    """Optax's functions and those of optax.contrib, which make transformations for the most part."""
    return {
        name: value
        for home in (optax.contrib, optax)
        for name, value in vars(home).items()
        if (inspect.isfunction(value) or isinstance(value, functools.partial)) and not name.startswith("_")
    }


def candidate(optimizer: object, label: str) -> Candidate | None:
    """A factory, a partial of one, or an object with `init` and `update`."""
    return candidate_by_protocol(optimizer, label)
