"""Figures, from results alone."""

from typing import Any

from matplotlib.figure import Figure

from polyak.run import History, Trace
from polyak.show.histories import history_figure
from polyak.show.learning_rates import lr_figure
from polyak.show.style import save
from polyak.show.traces import convergence_figure, trace_figure

__all__ = ["convergence_figure", "history_figure", "lr_figure", "plot", "save", "trace_figure"]


def plot(result: Any, **options: Any) -> Figure:
    """The figure of a result, or of several of one kind together.

    >>> import polyak as pk
    >>> trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine")
    >>> len(plot(trace).axes)
    2
    """
    first = result if isinstance(result, Trace | History) else result[0]
    return (trace_figure if isinstance(first, Trace) else history_figure)(result, **options)
