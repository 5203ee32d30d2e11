"""The landscapes by name; a new one is a function in a file of this folder, decorated."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

from polyak.ground.registry import Catalogue
from polyak.landscapes.landscape import Function, Landscape, Point, Window

CATALOGUE: Catalogue[Landscape] = Catalogue("landscape")
"""Every landscape by its name: those of this folder, and the user's own."""


def landscape(
    *, start: Point, minimisers: Sequence[Point], window: Window, formula: str
) -> Callable[[Function], Landscape]:
    """A function f(x), x of shape (n,), as a landscape of its name, in the catalogue from then on.

    The arguments are `Landscape`'s attributes; its docstring says where it comes from. It is written in operations
    that JAX can trace, against the Python array API.
    """

    def of(function: Function) -> Landscape:
        made = Landscape(
            name=function.__name__,
            function=function,
            start=start,
            minimisers=tuple(minimisers),
            window=window,
            formula=formula,
            source=inspect.cleandoc(function.__doc__ or ""),
        )
        # Where it is found from now on, so that a landscape can be pickled.
        function.__qualname__ = f"{made.name}.function"
        CATALOGUE.add(made.name, made, home=function.__module__)
        return made

    return of
