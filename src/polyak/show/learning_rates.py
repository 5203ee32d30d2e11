"""The last loss of trainings against their learning rate."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.rules import Optimizer
from polyak.run import History
from polyak.show.style import heading, label, legend_below, new_figure, series, set_log_scale, styled


@styled
def lr_figure(ladders: Sequence[Sequence[History]]) -> Figure:
    """For each ladder of trainings that differ in lr alone: median and range over seeds of the last loss.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> rules = [pk.GradientDescent(lr=lr) for lr in (0.01, 0.1, 0.4)]
    >>> figure = lr_figure([[pk.train(rule, problem, seeds=3) for rule in rules]])
    """
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    drawn = np.concatenate([_draw_ladder(axes, ladder, index) for index, ladder in enumerate(ladders)])
    axes.set_xscale("log")
    if drawn.size and drawn.min() > 0:
        set_log_scale(axes, drawn.min() * 0.95, drawn.max() * 1.05)
    axes.grid(visible=True, which="both")
    first = ladders[0][0]
    epochs, seeds = first.epochs[-1], len(first.seeds)
    plural = "" if epochs == 1 else "s"
    axes.set(
        xlabel=r"learning rate $\eta$", ylabel=f"loss over all rows after {readable(epochs, 6)} epoch{plural}"
    )
    heading(axes, f"last loss: median and range over {seeds} seeds" if seeds > 1 else "last loss")
    handles, labels = axes.get_legend_handles_labels()
    if any(line.get_marker() == "x" and np.size(line.get_xdata()) for line in axes.lines):
        handles.append(Line2D([], [], color="grey", marker="x", linestyle=""))
        labels.append("worse than at the start, or diverged")
    legend_below(figure, handles, labels)
    return figure


def _draw_ladder(axes: Axes, ladder: Sequence[History], index: int) -> NDArray[np.float64]:
    """One rule's losses, and crosses at the top where there is none to draw; what was drawn."""
    start = float(np.median(ladder[0].losses[:, 0]))
    lrs = np.array([_lr(history.rule) for history in ladder])
    ends = np.array([history.final_losses for history in ladder], dtype=np.float64)
    bad = ~np.isfinite(ends).all(axis=1) | (np.max(np.where(np.isfinite(ends), ends, 0), axis=1) > start)
    good = ends[~bad]
    low, middle, high = good.min(axis=1), np.median(good, axis=1), good.max(axis=1)
    style = series(index)
    name = _without_lr(ladder[0].rule)
    axes.errorbar(lrs[~bad], middle, yerr=[middle - low, high - middle], capsize=3, **style, label=name)
    height = 0.97 - 0.05 * index
    axes.plot(lrs[bad], [height] * bad.sum(), "x", color=style["color"], transform=axes.get_xaxis_transform())
    return np.asarray(good.ravel())


def _without_lr(rule: Optimizer) -> str:
    """A rule's label without the number that the axis is of: two ladders of one rule differ by the rest."""
    return re.sub(r", (\$\\eta\$|learning_rate|lr) = [^,]*", "", label(rule))


def _lr(rule: Optimizer) -> float:
    settings = rule.settings()
    return float(settings["lr"] if "lr" in settings else settings["learning_rate"])
