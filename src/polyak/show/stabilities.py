"""Eigenvalues in the unit circle, and the error on each curvature as predicted, in the rule's regime."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import LARGEST, few_ticks, heading, label, legend_below, new_figure, series, styled
from polyak.theory import Stability

MOST_CURVATURES = 7  # as many as there are colours; of more, evenly many are drawn
STEPS = 20


@draws(Stability)
@styled
def stability_figure(stability: Stability, *, steps: int = STEPS) -> Figure:
    """One step's eigenvalues for each curvature, and the predicted error over `steps` steps.

    >>> import polyak as pk
    >>> figure = stability_figure(pk.stability(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine"))
    """
    figure = new_figure(9.2, 3.9)
    plane, errors = figure.subplots(1, 2, width_ratios=(1, 1.45))
    shown = _chosen(len(stability.rates))
    draw_eigenvalues(plane, stability, shown)
    draw_errors(errors, stability, shown, steps)
    legend_below(figure, *errors.get_legend_handles_labels())
    return figure


def draw_eigenvalues(axes: Axes, stability: Stability, shown: list[int]) -> None:
    """The eigenvalues in the complex plane, with the unit circle that stable ones stay within."""
    angles = np.linspace(0, 2 * np.pi, 400)
    axes.fill(np.cos(angles), np.sin(angles), color="#F0F4F8", linewidth=0)
    axes.plot(np.cos(angles), np.sin(angles), color="black", linewidth=0.9)
    for index, k in enumerate(shown):
        mu = stability.eigenvalues[k]
        style = series(index)
        axes.plot(
            mu.real,
            mu.imag,
            linestyle="",
            marker=style["marker"],
            color=style["color"],
            markersize=7,
            alpha=0.85,
        )
    axes.axhline(0, color="#999999", linewidth=0.5)
    axes.axvline(0, color="#999999", linewidth=0.5)
    largest = float(np.abs(stability.eigenvalues[shown]).max())
    reach = 1.15 * max(1.0, min(largest, 1e6))
    axes.set(
        xlim=(-reach, reach), ylim=(-reach, reach), xlabel=r"$\mathrm{Re}\ \mu$", ylabel=r"$\mathrm{Im}\ \mu$"
    )
    axes.set_aspect("equal")
    heading(axes, f"eigenvalues of one step (rate {readable(stability.rate)})")


def draw_errors(axes: Axes, stability: Stability, shown: list[int], steps: int) -> None:
    """The error from a distance of 1, on each curvature."""
    path = stability.path(steps)
    for index, k in enumerate(shown):
        style = series(index)
        error = np.where(np.abs(path[:, k]) < LARGEST, path[:, k], np.nan)
        axes.plot(np.arange(steps + 1), error, **style, label=_name(stability, k))
    axes.axhline(0, color="black", linewidth=0.6)
    if not stability.stable:
        axes.set_yscale("symlog", linthresh=1.0)
        few_ticks(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True)
    axes.set(xlabel="step $k$", ylabel="predicted error from a distance of 1")
    heading(axes, f"on quadratics: {label(stability.rule)}")


def _chosen(count: int) -> list[int]:
    if count <= MOST_CURVATURES:
        return list(range(count))
    return [int(k) for k in np.linspace(0, count - 1, MOST_CURVATURES).round()]


def _name(stability: Stability, k: int) -> str:
    curvature, regime = stability.curvatures[k], stability.regimes[k]
    where = f"coordinate {k + 1}" if math.isnan(curvature) else rf"$\lambda$ = {readable(curvature)}"
    period = f", period {readable(stability.periods[k], 3)}" if regime == "under-damped" else ""
    return f"{where}: {regime}{period}"
