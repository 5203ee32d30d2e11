"""A verification: what one gradient does on either side, and where the two part."""

from __future__ import annotations

import numpy as np
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
    """Both impulse responses, and the gap of the two paths, step by step, in each scenario that parts."""
    figure = new_figure(8.4, 3.9)
    left, right = figure.subplots(1, 2)
    names = report.reference, report.candidate
    for index, (name, weights) in enumerate(zip(names, reversed(report.responses), strict=True)):
        left.plot(
            np.arange(len(weights)),
            weights,
            **series(index),
            markersize=3.5 + 2.5 * (1 - index),
            label=words(name),
        )
    left.axhline(0, color="black", linewidth=0.6)
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.grid(visible=True)
    left.set(xlabel="step $k$", ylabel="taken off $x$ by a unit gradient")
    left.set_title("impulse response")
    parted = [outcome for outcome in report.scenarios if outcome.status == "parts"]
    drawn = parted[:MOST] or [outcome for outcome in report.scenarios if outcome.gaps is not None][:MOST]
    for index, outcome in enumerate(drawn, start=2):
        gaps = np.clip(np.nan_to_num(np.asarray(outcome.gaps), posinf=1.0), LEAST, 10.0)
        right.plot(np.arange(len(gaps)), gaps, **{**series(index), "marker": ""}, label=outcome.scenario)
    set_log_scale(right, LEAST, 10.0)
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.grid(visible=True)
    right.set(xlabel="step", ylabel="gap, of the path's size")
    right.set_title("where they part" if parted else "they do not part")
    pairs = [axes.get_legend_handles_labels() for axes in (left, right)]
    legend_below(
        figure, [h for handles, _ in pairs for h in handles], [t for _, texts in pairs for t in texts]
    )
    figure.suptitle(report.verdict, fontsize=10)
    return figure
