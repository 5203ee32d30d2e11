"""The states of every framework's optimizers: what they hold, read and written."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, cast

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.state_moments import ADAM, MOMENTUM, Format, Moments, Places
from polyak.ground.errors import PolyakError

READ_WITHOUT = ("keras",)  # its states are plain arrays
FORMATS = ("torch", "keras", "optax", "polyak", "sklearn", "jax")

__all__ = ["ADAM", "FORMATS", "MOMENTUM", "Format", "Moments", "Places", "format_of", "scaled"]


def format_of(framework: str) -> Format:
    """How a framework packs its states; a PolyakError for one whose states are not read."""
    if framework not in FORMATS:
        raise PolyakError(f"the states of {framework} are not read, expected one of {', '.join(FORMATS)}")
    package, install = FRAMEWORKS[framework]
    if framework not in READ_WITHOUT and importlib.util.find_spec(package) is None:
        raise PolyakError(f"the states of {framework} need {package}, which is not installed: {install}")
    return cast("Format", importlib.import_module(f"polyak.frameworks.{framework}.state"))


def scaled(framework: str, state: Any, factor: float) -> Any:
    """A state of the momentum family with its velocity times a factor."""
    packing = format_of(framework)
    return packing.rewritten(state, packing.read(state, MOMENTUM).scaled(factor), MOMENTUM)
