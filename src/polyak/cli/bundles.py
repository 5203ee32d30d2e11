"""What a command's function takes of its own: its parameters, a dataclass among them as the fields that it has."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from dataclasses import is_dataclass
from typing import TypeGuard


def is_bundle(annotation: object) -> TypeGuard[type]:
    """Whether a parameter stands for several options: the fields of a dataclass."""
    return isinstance(annotation, type) and is_dataclass(annotation)


def own_parameters(signature: inspect.Signature) -> list[inspect.Parameter]:
    """A function's parameters, those of its bundles in the place of each, and none of `**options`."""
    return [each for parameter in signature.parameters.values() for each in _spread(parameter)]


def takes_options(signature: inspect.Signature) -> bool:
    """Whether a function takes `**options`: whatever its verb does."""
    return any(each.kind is inspect.Parameter.VAR_KEYWORD for each in signature.parameters.values())


def _spread(parameter: inspect.Parameter) -> Collection[inspect.Parameter]:
    """A parameter, or those that it stands for."""
    if is_bundle(parameter.annotation):
        return inspect.signature(parameter.annotation, eval_str=True).parameters.values()
    return () if parameter.kind is inspect.Parameter.VAR_KEYWORD else (parameter,)
