"""The states of every framework's optimizers: what they hold, read and written."""

from __future__ import annotations

import importlib
from typing import Any, cast

from polyak.conventions.states.moments import ADAM, MOMENTUM, Format, Moments
from polyak.errors import PolyakError

FORMATS = ("torch", "keras", "optax", "polyak", "sklearn", "jax")

__all__ = ["ADAM", "FORMATS", "MOMENTUM", "Format", "Moments", "format_of", "scaled"]


def format_of(framework: str) -> Format:
    """How a framework packs its states; a PolyakError for one whose states are not read."""
    if framework not in FORMATS:
        raise PolyakError(f"the states of {framework} are not read, expected one of {', '.join(FORMATS)}")
    return cast("Format", importlib.import_module(f"polyak.conventions.states.{framework}"))


def scaled(framework: str, state: Any, factor: float) -> Any:
    """A state of the momentum family with its velocity times a factor."""
    packing = format_of(framework)
    return packing.rewritten(state, packing.read(state, MOMENTUM).scaled(factor), MOMENTUM)
