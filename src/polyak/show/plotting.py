"""The figure of any result, by its type."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from polyak.ground.errors import PolyakError
from polyak.show import catalogue
from polyak.show.drawn import DRAWN


def plot(result: object, **options: Any) -> Figure:
    """The figure of a result; of several traces, histories or responses together.

    What `sweep` and `phase_diagram` return are tables of xarray's, told by what is in them.

    Raises PolyakError where nothing draws it.

    >>> import polyak as pk
    >>> trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine")
    >>> len(plot(trace).axes)
    2
    """
    first = result[0] if isinstance(result, list | tuple) and result else result
    draw = figure_of(type(first)) or _figure_of_table(first)
    if draw is None:
        numbers = ": its to_xarray() gives the numbers" if hasattr(first, "to_xarray") else ""
        raise PolyakError(f"nothing draws a {type(first).__name__}{numbers}")
    figure: Figure = draw(result, **options)
    return figure


def _figure_of_table(result: object) -> Callable[..., Figure] | None:
    """What draws a Dataset of `phase_diagram`, or a Dataset or DataTree of `sweep`; None of any other."""
    if type(result).__name__ not in ("Dataset", "DataTree"):
        return None
    table: Any = result
    if {"rate", "regime"} <= set(table.data_vars):
        from polyak.show.phases import phase_figure

        return phase_figure
    parts = [child.attrs for child in getattr(table, "children", {}).values()] or [table.attrs]
    if all({"axes", "sampling"} <= set(attrs) for attrs in parts):
        from polyak.show.sweeps import plane_figure

        return plane_figure
    return None


def figure_of(kind: type) -> Callable[..., Figure] | None:
    """What draws a result of this kind, or of one that it is made from; None where nothing does."""
    for base in kind.__mro__:
        for module in catalogue.draw(base.__name__):
            importlib.import_module(f"polyak.show.{module}")
        if base in DRAWN:
            return DRAWN[base]
    return None
