"""Where rules went: traces over contours, and value and distance against the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from polyak.run import Trace
from polyak.show.style import label, new_figure, series, styled

MOST_GROWTH = 1.5  # a window grows to hold its traces, up to this many times its own size on each side
MARKED_STEPS = 200  # beyond this many steps a marker each hides the line


@styled
def trace_figure(traces: Trace | Sequence[Trace]) -> Figure:
    """One trace or several: over the contours, and the value against the step.

    In one dimension, or in more than two, only value and distance against the step are drawn.
    """
    traces = _several(traces)
    if traces[0].landscape.dimension != 2:
        return convergence_figure(traces)
    figure = new_figure(9.2, 3.9)
    plane, values = figure.subplots(1, 2, width_ratios=(1.35, 1))
    draw_plane(plane, traces)
    draw_values(values, traces)
    figure.legend(*plane.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@styled
def convergence_figure(traces: Trace | Sequence[Trace]) -> Figure:
    """Value and distance to the minimiser against the step, both logarithmic."""
    traces = _several(traces)
    figure = new_figure(9.2, 3.4)
    known = bool(traces[0].landscape.minimisers)
    axes = figure.subplots(1, 2 if known else 1, squeeze=False)[0]
    draw_values(axes[0], traces)
    if known:
        draw_distances(axes[1], traces)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def draw_plane(axes: Axes, traces: Sequence[Trace]) -> None:
    """Traces over the landscape's contours, with every step, start, end and minimisers."""
    landscape = traces[0].landscape
    (left, right), (bottom, top) = _window(traces)
    _draw_contours(axes, landscape, (left, right), (bottom, top))
    for index, trace in enumerate(traces):
        x = _within(trace.positions, (left, right), (bottom, top))
        mark = dict(series(index), marker=series(index)["marker"] if trace.steps <= MARKED_STEPS else "")
        axes.plot(x[:, 0], x[:, 1], **mark, markersize=3, linewidth=1.1, label=label(trace.rule))
        if np.isfinite(x[-1]).all():
            axes.plot(
                *x[-1],
                color=mark["color"],
                marker=series(index)["marker"],
                markersize=8,
                markeredgecolor="black",
            )
        else:
            _note_exit(axes, trace, x, mark["color"])
    axes.plot(*traces[0].positions[0], "ko", markersize=6)
    axes.annotate("start", traces[0].positions[0], (6, -11), textcoords="offset points", fontsize=8)
    for point in landscape.minimisers:
        axes.plot(*point, marker="*", color="black", markersize=11, markeredgecolor="white", linestyle="")
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel="$x_1$", ylabel="$x_2$")
    axes.set_title(f"{landscape.name}, {max(trace.steps for trace in traces)} steps (star: minimiser)")


def draw_values(axes: Axes, traces: Sequence[Trace]) -> None:
    """The value above the least one known, or the plain value, against the step."""
    landscape = traces[0].landscape
    floor = landscape(landscape.minimisers[0]) if landscape.minimisers else 0.0
    curves = [trace.values - floor for trace in traces]
    positive = all((curve[np.isfinite(curve)] >= 0).all() for curve in curves)
    name = "f(x_k)" if floor == 0 else "f(x_k) - f^\\ast"
    _draw_curves(axes, traces, curves, logarithmic=positive)
    axes.set(xlabel="step $k$", ylabel=f"${name}$", title="value against step")


def draw_distances(axes: Axes, traces: Sequence[Trace]) -> None:
    """The distance to the nearest minimiser against the step."""
    _draw_curves(axes, traces, [trace.distances for trace in traces], logarithmic=True)
    axes.set(xlabel="step $k$", ylabel=r"$\Vert x_k - x^\ast \Vert$", title="distance to the minimiser")


def _draw_curves(
    axes: Axes, traces: Sequence[Trace], curves: Sequence[NDArray[Any]], *, logarithmic: bool
) -> None:
    for index, (trace, curve) in enumerate(zip(traces, curves, strict=True)):
        shown = np.where(np.isfinite(curve), curve, np.nan)
        if logarithmic:
            shown = np.where(shown > 0, shown, np.nan)
        mark = dict(series(index), marker=series(index)["marker"] if trace.steps <= MARKED_STEPS else "")
        axes.plot(np.arange(len(shown)), shown, **mark, label=label(trace.rule))
        if trace.diverged_at is not None:
            axes.axvline(trace.diverged_at, color=mark["color"], linewidth=0.8, linestyle=":")
            axes.annotate(
                f"diverged at step {trace.diverged_at}",
                (trace.diverged_at, 0.02 + 0.08 * index),
                (-3, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="right",
                fontsize=8,
                color=mark["color"],
            )
    if logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_yscale("symlog", linthresh=1.0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True)


def _draw_contours(axes: Axes, landscape: Any, horizontal: Any, vertical: Any) -> None:
    grid = np.stack(
        np.meshgrid(*(np.linspace(low, high, 160) for low, high in (horizontal, vertical))), axis=-1
    )
    values = landscape(grid)
    low, high = np.nanmin(values), np.nanmax(values)
    # Evenly spaced levels crowd on the walls; levels spaced by the square show the valley as well.
    levels = low + (high - low) * np.linspace(0.02, 1, 12) ** 2.2
    axes.contourf(grid[..., 0], grid[..., 1], values, levels=[low, *levels], cmap="Blues", alpha=0.3)
    lines = axes.contour(grid[..., 0], grid[..., 1], values, levels=levels, colors="#8FA3B5", linewidths=0.6)
    axes.clabel(lines, levels=levels[1::3], fontsize=6.5, fmt="%.3g")


def _window(traces: Sequence[Trace]) -> Any:
    """The landscape's window, grown to hold the traces as far as that is sensible."""
    ends = []
    for axis, (low, high) in enumerate(traces[0].landscape.window):
        reach = MOST_GROWTH * (high - low)
        visited = np.concatenate([trace.positions[:, axis] for trace in traces])
        visited = visited[np.isfinite(visited)]
        visited = visited[(visited > low - reach) & (visited < high + reach)]
        margin = 0.06 * (max(high, visited.max()) - min(low, visited.min()))
        ends.append(
            (
                low if visited.min() >= low else visited.min() - margin,
                high if visited.max() <= high else visited.max() + margin,
            )
        )
    return ends


def _within(positions: NDArray[Any], *ends: Any) -> NDArray[Any]:
    """The positions up to the first outside the window; from there on nan."""
    low, high = np.array([end[0] for end in ends]), np.array([end[1] for end in ends])
    outside = ~((positions >= low) & (positions <= high)).all(axis=1)
    shown = np.array(positions, dtype=np.float64)
    if outside.any():
        shown[np.argmax(outside) :] = np.nan
    return shown


def _note_exit(axes: Axes, trace: Trace, shown: NDArray[Any], color: str) -> None:
    last = int(np.isfinite(shown).all(axis=1).sum()) - 1
    if last < 0:
        return
    following = trace.positions[last + 1]
    if np.isfinite(following).all():
        axes.plot(*np.stack([trace.positions[last], following]).T, color=color, linewidth=1.1, linestyle=":")
    axes.annotate(
        f"leaves the picture at step {last + 1}",
        trace.positions[last],
        (10, 6),
        textcoords="offset points",
        fontsize=8,
        color=color,
    )


def _several(traces: Trace | Sequence[Trace]) -> list[Trace]:
    return [traces] if isinstance(traces, Trace) else list(traces)
