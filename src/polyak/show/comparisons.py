"""A comparison of rules: how well each did where it was judged, and how much its setting matters."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polyak.show.drawn import draws
from polyak.show.style import (
    few_ticks,
    heading,
    legend_below,
    new_figure,
    series,
    set_log_scale,
    styled,
    words,
)
from polyak.sweeps import Comparison


@draws(Comparison)
@styled
def comparison_figure(comparison: Comparison) -> Figure:
    """Left, the last losses of the judging seeds; right, how many of a rule's settings reach which loss.

    On the left each run is a dot, the median a bar and its interval a line. On the right a curve that rises at once and
    stays flat is a rule whose setting hardly matters.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> rules = [pk.HeavyBall, pk.GradientDescent]
    >>> found = pk.compare(rules, on=problem, budget=8, seeds=3, tuning_seeds=1, epochs=1)
    >>> figure = comparison_figure(found)
    """
    rules = len(comparison.entries)
    figure = new_figure(9.2, max(3.4, 1.2 + 0.42 * rules))
    judged, tuned = figure.subplots(1, 2)
    _draw_judged(judged, comparison)
    _draw_tuned(tuned, comparison)
    legend_below(figure, *tuned.get_legend_handles_labels())
    return figure


def _judged_by(comparison: Comparison) -> str:
    """What the rules are judged by, and over which rows."""
    kept = comparison.problem.held_out_rows()
    of = f"over {kept} rows held out" if kept and comparison.judged_by != "loss" else "over all the data"
    what = "loss" if comparison.judged_by.endswith("loss") else words(comparison.judged_by.replace("_", " "))
    return f"{what} {of}"


def _draw_judged(axes: Axes, comparison: Comparison) -> None:
    shown = []
    for place, entry in enumerate(comparison.entries):
        style = series(place)
        ends = np.asarray(entry.history.seen(comparison.judged_by)[:, -1], dtype=float)
        finite = np.isfinite(ends)
        spread = np.linspace(-0.18, 0.18, len(ends))
        axes.plot(
            ends[finite],
            place + spread[finite],
            style["marker"],
            color=style["color"],
            alpha=0.55,
            markersize=4,
        )
        if not finite.all():
            axes.plot(
                np.full((~finite).sum(), 0.985),
                place + spread[~finite],
                "x",
                color=style["color"],
                transform=axes.get_yaxis_transform(),
            )
        if np.isfinite(entry.median):
            axes.plot([entry.median] * 2, [place - 0.33, place + 0.33], color="black", linewidth=1.8)
        if entry.interval is not None and np.isfinite(entry.interval).all():
            axes.plot(entry.interval, [place, place], color="black", linewidth=0.9)
        shown.append(ends[finite])
    axes.set_yticks(
        range(len(comparison.entries)), [words(entry.name.replace("_", " ")) for entry in comparison.entries]
    )
    axes.invert_yaxis()
    low, high = min(map(np.min, shown)), max(map(np.max, shown))
    if low > 0 and high > 3 * low:
        axes.set_xscale("log")
        few_ticks(axes, "x")
    axes.set_xlabel(f"{_judged_by(comparison)}, {len(comparison.judging_seeds)} other seeds")
    plural = "s" if comparison.epochs > 1 else ""
    heading(axes, f"judged: {words(comparison.problem.data.name)}, {comparison.epochs} epoch{plural}")


def _draw_tuned(axes: Axes, comparison: Comparison) -> None:
    low, high = np.inf, 0.0
    for place, entry in enumerate(comparison.entries):
        style = series(place)
        share = np.arange(1, len(entry.tuned) + 1) / len(entry.tuned)
        finite = np.isfinite(entry.tuned)
        axes.step(
            100 * share[finite],
            entry.tuned[finite],
            where="pre",
            color=style["color"],
            linestyle=style["linestyle"],
            label=words(entry.name.replace("_", " ")),
        )
        start = float(np.median(entry.history.seen(comparison.judged_by)[:, 0]))
        low, high = min(low, float(entry.tuned[0])), max(high, start)
    losses = comparison.judged_by.endswith("loss")
    if losses and 0 < low < high:
        set_log_scale(axes, low * 0.97, high * 1.05)
    what = "loss" if losses else words(comparison.judged_by.replace("_", " "))
    axes.set(xlim=(0, 100), xlabel="% of its settings that do as well", ylabel=f"median {what}, tuning seeds")
    axes.grid(visible=True)
    to = ", to the loss at the start" if losses else ""
    heading(axes, f"tuned: {comparison.budget} settings each{to}")
