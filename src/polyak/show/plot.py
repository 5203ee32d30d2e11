"""The figure of any result, by its type."""

from __future__ import annotations

import importlib
from typing import Any

from matplotlib.figure import Figure

from polyak.errors import PolyakError

# By name, so that drawing a trace imports nothing of what draws a theory.
FIGURES = {
    "Trace": "traces.trace_figure",
    "History": "histories.history_figure",
    "Response": "responses.response_figure",
    "Stability": "stabilities.stability_figure",
    "Guarantee": "guarantees.guarantee_figure",
    "Expectation": "expectations.expectation_figure",
    "Comparison": "comparisons.comparison_figure",
    "Trade": "expectations.tradeoff_figure",
    "Verification": "verifications.verification_figure",
}


def plot(result: Any, **options: Any) -> Figure:
    """The figure of a result; of several traces, histories or responses together.

    >>> import polyak as pk
    >>> trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine")
    >>> len(plot(trace).axes)
    2
    """
    first = result[0] if isinstance(result, list | tuple) and result else result
    name = type(first).__name__
    if name not in FIGURES:
        raise PolyakError(f"nothing draws a {name}: its to_xarray() gives the numbers")
    module, _, function = FIGURES[name].partition(".")
    figure: Figure = getattr(importlib.import_module(f"polyak.show.{module}"), function)(result, **options)
    return figure
