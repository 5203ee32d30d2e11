"""A guarantee: its rate against the learning rate, beside the quadratics', and the function on which it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import heading, legend_below, new_figure, series, styled
from polyak.theory import Guarantee
from polyak.theory.counterexample import Counterexample

if TYPE_CHECKING:
    import xarray as xr

LAST = 60  # steps of a run that are drawn
FINE = 400  # points of a curve


@draws(Guarantee)
@styled
def guarantee_figure(guarantee: Guarantee, *, curve: xr.Dataset | None = None) -> Figure:
    """The certified rate and the quadratics' against the learning rate; beside it the counterexample, if there is one.

    Args:
        guarantee: the setting to mark.
        curve: what `guarantee.curve()` returns, where it is at hand.

    >>> import polyak as pk
    >>> rule = pk.HeavyBall(lr=0.1, momentum=0.3)
    >>> figure = guarantee_figure(pk.guarantee(rule, smoothness=4.0, strong_convexity=0.2))
    """
    shown = guarantee.refutation
    figure = new_figure(9.2 if shown is not None else 5.6, 3.9)
    if shown is None:
        axes = figure.subplots()
    else:
        axes, beside = figure.subplots(1, 2)
        draw_counterexample(beside, shown)
    draw_curve(axes, guarantee, guarantee.curve() if curve is None else curve)
    handles, labels = axes.get_legend_handles_labels()
    if shown is not None:
        more = beside.get_legend_handles_labels()
        handles, labels = [*handles, *more[0]], [*labels, *more[1]]
    legend_below(figure, handles, labels)
    return figure


def draw_curve(axes: Axes, guarantee: Guarantee, curve: xr.Dataset) -> None:
    """Both rates; shaded where quadratics shrink and nothing is certified for the rest."""
    name = str(curve.rate.dims[0])
    x, rate, quadratics = curve[name].values, curve.rate.values, curve.quadratic_rate.values
    proved = np.where(np.isfinite(rate), rate, np.nan)
    axes.plot(x, quadratics, **{**series(1), "marker": ""}, label="worst of all quadratics")
    axes.plot(x, proved, **{**series(0), "marker": ""}, linewidth=2.0, label="certified for all functions")
    open_ground = ~np.isfinite(rate) & (quadratics < 1)
    if open_ground.any():
        label = "nothing certified"
        axes.fill_between(
            x,
            0,
            1,
            where=open_ground,
            transform=axes.get_xaxis_transform(),
            color="#D9D9D9",
            alpha=0.6,
            label=label,
        )
    axes.axhline(1.0, color="black", linewidth=0.8)
    now = float(curve.attrs["now"])
    top = guarantee.rate if guarantee.certified else min(guarantee.quadratic_rate, 1.1)
    axes.plot(
        now,
        top,
        linestyle="",
        color="black",
        marker="o" if guarantee.certified else "x",
        markersize=7,
        label="here",
    )
    low = float(np.nanmin(np.concatenate([quadratics, proved])))
    axes.set_ylim(max(0.0, low - 0.15 * (1 - low)), 1 + 0.15 * max(1 - low, 1e-3))
    axes.grid(visible=True)
    axes.set(xlabel=name.replace("_", " "), ylabel="rate, a step")
    m, L = readable(guarantee.strong_convexity), readable(guarantee.smoothness)
    heading(axes, f"{str(curve.attrs['name']).replace('_', ' ')}, curvature from {m} to {L}")


def draw_counterexample(axes: Axes, shown: Counterexample) -> None:
    """The function, and where the rule's run goes at last: the points of the cycle, or the first that grow."""
    x = shown.trace.positions[:, 0]
    run = x[-LAST:] if shown.cycle else x[:8]
    run = run[np.isfinite(run)]
    reach = 1.25 * float(np.abs(run).max())
    places = np.linspace(-reach, reach, FINE)
    axes.plot(places, shown.landscape(places[:, None]), color="black", linewidth=1.2, label="the function")
    values = shown.landscape(run[:, None])
    axes.plot(run, values, **series(2), linewidth=0.8, label="the run" if not shown.cycle else "the cycle")
    for k, point in enumerate(run[-len(shown.cycle) :] if shown.cycle else run, start=1):
        axes.annotate(
            str(k), (point, float(shown.landscape([point]))), (4, 6), textcoords="offset points", fontsize=8
        )
    axes.grid(visible=True)
    axes.set(xlabel="$x$", ylabel="$f(x)$")
    heading(
        axes,
        f"{shown.landscape.name}: " + ("it stays in this cycle" if shown.cycle else "it does not come down"),
    )
