"""The figure of any result, by its type."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from matplotlib.figure import Figure

from polyak.ground.errors import PolyakError
from polyak.show.drawn import DRAWN

# What `@draws(Trace)` says in a file of this folder, read without importing it: drawing a trace imports nothing of what
# draws a theory.
SAYS_WHAT_IT_DRAWS = re.compile(r"^@draws\((\w+)\)", re.MULTILINE)


def plot(result: Any, **options: Any) -> Figure:
    """The figure of a result; of several traces, histories or responses together.

    >>> import polyak as pk
    >>> trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine")
    >>> len(plot(trace).axes)
    2
    """
    first = result[0] if isinstance(result, list | tuple) and result else result
    draw = figure_of(type(first))
    if draw is None:
        numbers = ": its to_xarray() gives the numbers" if hasattr(first, "to_xarray") else ""
        raise PolyakError(f"nothing draws a {type(first).__name__}{numbers}")
    figure: Figure = draw(result, **options)
    return figure


def figure_of(kind: type) -> Callable[..., Figure] | None:
    """What draws a result of this kind, or of one that it is made from; None where nothing does."""
    for base in kind.__mro__:
        for module in _files().get(base.__name__, ()):
            importlib.import_module(f"polyak.show.{module}")
        if base in DRAWN:
            return DRAWN[base]
    return None


@functools.cache
def _files() -> dict[str, list[str]]:
    """The modules of this folder that say that they draw a result of a name."""
    found: dict[str, list[str]] = {}
    for file in sorted(files("polyak.show").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".py"):
            for name in SAYS_WHAT_IT_DRAWS.findall(file.read_text("utf-8")):
                found.setdefault(name, []).append(file.name.removesuffix(".py"))
    return found
