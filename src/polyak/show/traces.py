"""Where rules went: traces over contours, and value and distance against the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from polyak.landscapes import Landscape
from polyak.run import Trace
from polyak.show.directions import in_slowest_directions
from polyak.show.drawn import draws
from polyak.show.style import (
    LARGEST,
    SMALLEST,
    few_ticks,
    heading,
    label,
    legend_below,
    new_figure,
    series,
    styled,
    words,
)

Ends = tuple[float, float]  # of an axis

MOST_GROWTH = 1.5  # a window grows to hold its traces, up to this many times its own size on each side
SAME_PLACE = 0.01  # of the window, between two last marks
MOST_RISE = 1e12  # what has risen past so many times the start leaves the picture of its values
MARKED_STEPS = 200  # beyond this many steps a marker each hides the line


@draws(Trace)
@styled
def trace_figure(traces: Trace | Sequence[Trace]) -> Figure:
    """One trace or several: over the contours, and the value against the step.

    In more than two dimensions the plane is that of the two slowest directions at the minimiser, and says so. In one,
    and where no minimiser is known, only value and distance against the step are drawn.

    >>> import polyak as pk
    >>> rules = pk.HeavyBall(lr=0.4, momentum=0.5), pk.GradientDescent(lr=0.4)
    >>> figure = trace_figure([pk.descend(rule, "ravine") for rule in rules])
    """
    traces = _several(traces)
    flat, said = traces, ""
    if traces[0].landscape.dimension != 2:
        found = in_slowest_directions(traces) if traces[0].landscape.dimension > 2 else None
        if found is None:
            return convergence_figure(traces)
        flat, said = found
    figure = new_figure(9.2, 3.9)
    plane, values = figure.subplots(1, 2, width_ratios=(1.35, 1))
    shown = draw_plane(plane, flat)
    if said:
        plane.set(xlabel="along the slowest", ylabel="along the second slowest")
        heading(plane, f"{words(traces[0].landscape.name)}: {said}")
    draw_values(values, traces)
    _legend(figure, plane, traces, shown)
    return figure


@styled
def convergence_figure(traces: Trace | Sequence[Trace]) -> Figure:
    """Value and distance to the minimiser against the step, both logarithmic.

    >>> import polyak as pk
    >>> rule = pk.HeavyBall(lr=0.4, momentum=0.5)
    >>> figure = convergence_figure(pk.descend(rule, "quadratic:0.1,1,3", 50))
    """
    traces = _several(traces)
    figure = new_figure(9.2, 3.4)
    known = bool(traces[0].landscape.minimisers)
    axes = figure.subplots(1, 2 if known else 1, squeeze=False)[0]
    draw_values(axes[0], traces)
    if known:
        draw_distances(axes[1], traces)
    _legend(figure, axes[0], traces)
    return figure


def _legend(
    figure: Figure, axes: Axes, traces: Sequence[Trace], shown: Sequence[NDArray[Any]] | None = None
) -> None:
    """The rules, and what became of each: said here, where it stands on no curve and leaves no picture."""
    handles, labels = axes.get_legend_handles_labels()
    for k, trace in enumerate(traces):
        inside = len(trace.positions) if shown is None else int(np.isfinite(shown[k]).all(axis=1).sum())
        said = [f"leaves the picture at step {inside}"] if inside < len(trace.positions) else []
        said += [] if trace.diverged_at is None else [f"diverged at step {trace.diverged_at}"]
        labels[k] += f" ({', '.join(said)})" if said else ""
    legend_below(figure, handles, labels)


def draw_plane(axes: Axes, traces: Sequence[Trace]) -> list[NDArray[Any]]:
    """Traces over the landscape's contours, with every step, start, end and minimisers; what is shown of each."""
    landscape = traces[0].landscape
    (left, right), (bottom, top) = _window(traces)
    _draw_contours(axes, landscape, (left, right), (bottom, top))
    inside = [_within(trace.positions, (left, right), (bottom, top)) for trace in traces]
    for index, (trace, x) in enumerate(zip(traces, inside, strict=True)):
        mark = dict(series(index), marker=series(index)["marker"] if trace.steps <= MARKED_STEPS else "")
        axes.plot(x[:, 0], x[:, 1], **mark, markersize=3, linewidth=1.1, label=label(trace.rule))
        if np.isfinite(x[-1]).all():
            axes.plot(
                *x[-1],
                color=mark["color"],
                marker=series(index)["marker"],
                markersize=8 + 3 * _later_there(inside, index, (right - left, top - bottom)),
                markeredgecolor="black",
            )
        else:
            _draw_exit(axes, trace, x, index)
    axes.plot(*traces[0].positions[0], "ko", markersize=6)
    axes.annotate("start", traces[0].positions[0], (6, -11), textcoords="offset points", fontsize=8)
    for point in landscape.minimisers:
        axes.plot(*point, marker="*", color="black", markersize=11, markeredgecolor="white", linestyle="")
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel="$x_1$", ylabel="$x_2$")
    steps = max(trace.steps for trace in traces)
    star = " (star: minimiser)" if landscape.minimisers else ""
    heading(axes, f"{words(landscape.name)}, {steps} step{'s' if steps > 1 else ''}{star}")
    return inside


def _later_there(inside: Sequence[NDArray[Any]], index: int, sizes: tuple[float, float]) -> int:
    """How many of the traces drawn after this one end where it ends: its mark is larger, and seen behind theirs."""
    ends = np.array([x[-1] for x in inside[index:]]) / sizes
    return int((np.abs(ends[1:] - ends[0]).max(axis=1, initial=0) < SAME_PLACE).sum())


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
    shown = [_drawable(curve, logarithmic=logarithmic) for curve in curves]
    lengths = [trace.steps if trace.diverged_at is None else trace.diverged_at for trace in traces]
    end = max(1, *lengths)
    for index, (trace, curve) in enumerate(zip(traces, shown, strict=True)):
        mark = dict(series(index), marker=series(index)["marker"] if trace.steps <= MARKED_STEPS else "")
        axes.plot(np.arange(len(curve)), curve, **mark, label=label(trace.rule))
        if trace.diverged_at is not None:
            axes.axvline(trace.diverged_at, color=series(index)["color"], linewidth=0.8, linestyle=":")
    if not logarithmic:
        axes.set_yscale("symlog", linthresh=1.0)
    elif any(np.nanmax(curve, initial=0) > 0 for curve in shown):
        axes.set_yscale("log")
    _bound(axes, shown)
    few_ticks(axes)
    axes.set_xlim(-0.04 * end, 1.04 * end)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True)


def _bound(axes: Axes, shown: Sequence[NDArray[Any]]) -> None:
    """The values' axis ends where what runs away has risen past all that the others do."""
    if axes.get_yscale() != "log":
        return
    start = max((curve[0] for curve in shown if curve[0] > 0), default=np.nan)
    if axes.get_ylim()[1] > MOST_RISE * start:
        least = min(np.nanmin(np.where(curve > 0, curve, np.nan)) for curve in shown if curve[0] > 0)
        axes.set_ylim(least / 3, MOST_RISE * start)


def _drawable(curve: NDArray[Any], *, logarithmic: bool) -> NDArray[Any]:
    """What of a curve can be drawn, the rest nan: on a logarithmic axis zeros too, unless there is nothing else."""
    size = np.abs(np.where(np.isfinite(curve), curve, np.inf))
    drawable = size < LARGEST
    if logarithmic and (size[drawable] > SMALLEST).any():
        drawable &= size > SMALLEST
    return np.where(drawable, curve, np.nan)


def _draw_contours(axes: Axes, landscape: Landscape, horizontal: Ends, vertical: Ends) -> None:
    grid = np.stack(
        np.meshgrid(*(np.linspace(low, high, 160) for low, high in (horizontal, vertical))), axis=-1
    )
    values = landscape(grid)
    values = np.ma.masked_invalid(np.where(np.abs(values) < LARGEST, values, np.nan))
    if values.count() == 0 or not values.max() - values.min() > 1e-9 * np.abs(values).max():
        return  # flat, or nowhere finite
    low, high = values.min(), values.max()
    # Evenly spaced levels crowd on the walls; levels spaced by the square show the valley as well.
    levels = low + (high - low) * np.linspace(0.02, 1, 12) ** 2.2
    axes.contourf(grid[..., 0], grid[..., 1], values, levels=[low, *levels], cmap="Blues", alpha=0.3)
    lines = axes.contour(grid[..., 0], grid[..., 1], values, levels=levels, colors="#8FA3B5", linewidths=0.6)
    axes.clabel(lines, levels=levels[1::3], fontsize=6.5, fmt="%.3g")


def _window(traces: Sequence[Trace]) -> list[Ends]:
    """The landscape's window, grown to hold the start, and the traces as far as that is sensible."""
    ends = []
    for axis, (low, high) in enumerate(traces[0].landscape.window):
        starts = [trace.positions[0, axis] for trace in traces]
        nearest, farthest = min(low, *starts), max(high, *starts)
        reach = MOST_GROWTH * (farthest - nearest)
        visited = np.concatenate([trace.positions[:, axis] for trace in traces])
        visited = visited[np.isfinite(visited)]
        visited = visited[(visited > nearest - reach) & (visited < farthest + reach)]
        margin = 0.06 * (max(high, visited.max()) - min(low, visited.min()))
        ends.append(
            (
                low if visited.min() >= low else visited.min() - margin,
                high if visited.max() <= high else visited.max() + margin,
            )
        )
    return ends


def _within(positions: NDArray[Any], *ends: Ends) -> NDArray[Any]:
    """The positions up to the first outside the window; from there on nan."""
    low, high = np.array([end[0] for end in ends]), np.array([end[1] for end in ends])
    outside = ~((positions >= low) & (positions <= high)).all(axis=1)
    shown = np.array(positions, dtype=np.float64)
    if outside.any():
        shown[np.argmax(outside) :] = np.nan
    return shown


def _draw_exit(axes: Axes, trace: Trace, shown: NDArray[Any], index: int) -> None:
    """The way out, dotted."""
    last = int(np.isfinite(shown).all(axis=1).sum()) - 1
    following = trace.positions[last + 1]
    if np.isfinite(following).all():
        way = np.stack([trace.positions[last], following]).T
        axes.plot(*way, color=series(index)["color"], linewidth=1.1, linestyle=":")


def _several(traces: Trace | Sequence[Trace]) -> list[Trace]:
    return [traces] if isinstance(traces, Trace) else list(traces)
