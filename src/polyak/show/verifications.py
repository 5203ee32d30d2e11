"""A verification: what one gradient does on either side, and where the two part."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from polyak.show.drawn import draws
from polyak.show.style import legend_below, new_figure, series, set_log_scale, styled, words
from polyak.verify import Verification

LEAST = 1e-18  # of the path's size: below it two paths are the same to the last digit
MOST = 5  # lines that can be told apart


@draws(Verification)
@styled
def verification_figure(report: Verification) -> Figure:
    """Both impulse responses, and the gap of the two paths, step by step, in each scenario that parts.

    >>> import polyak as pk
    >>> report = pk.verify(pk.Nesterov, against=pk.HeavyBall, lr=0.05, momentum=0.5)
    >>> figure = verification_figure(report)
    """
    figure = new_figure(8.4, 3.9)
    left, right = figure.subplots(1, 2)
    draw_responses(left, report)
    draw_gaps(right, report)
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(visible=True)
    (one, its), (other, others) = (axes.get_legend_handles_labels() for axes in (left, right))
    legend_below(figure, [*one, *other], [*its, *others])
    figure.suptitle(report.verdict, fontsize=10)
    return figure


def draw_responses(axes: Axes, report: Verification) -> None:
    """What one gradient does on either side, the reference below."""
    names = report.reference, report.candidate
    for index, (name, weights) in enumerate(zip(names, reversed(report.responses), strict=True)):
        size = 3.5 + 2.5 * (1 - index)
        axes.plot(np.arange(len(weights)), weights, **series(index), markersize=size, label=words(name))
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(xlabel="step $k$", ylabel="taken off $x$ by a unit gradient", title="impulse response")


def draw_gaps(axes: Axes, report: Verification) -> None:
    """The gap of the two paths in the scenarios that part; where none does, in the first few."""
    parted = [outcome for outcome in report.scenarios if outcome.status == "parts"]
    told_apart = [outcome for outcome in report.scenarios if outcome.gaps is not None]
    for index, outcome in enumerate((parted or told_apart)[:MOST], start=2):
        gaps = np.clip(np.nan_to_num(np.asarray(outcome.gaps), posinf=1.0), LEAST, 10.0)
        axes.plot(np.arange(len(gaps)), gaps, **{**series(index), "marker": ""}, label=outcome.scenario)
    set_log_scale(axes, LEAST, 10.0)
    axes.set(xlabel="step", ylabel="gap, of the path's size")
    axes.set_title("where they part" if parted else "they do not part")
