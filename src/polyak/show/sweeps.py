"""The plane of a sweep as a map: how good each cell is, which diverged, and which is best."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.show.style import heading, legend_below, new_figure, set_log_scale, styled, words
from polyak.sweeps.best import NEAR, compared, medians
from polyak.sweeps.results import by_rule, swept

if TYPE_CHECKING:
    import xarray as xr

Masked = np.ma.MaskedArray[Any, np.dtype[np.float64]]

DEEPEST = 1e-12  # of the highest value shown: what is lower is shown as this
LABEL_WIDTH = 34  # letters beside a panel
MOST_LINES = 200  # cells along an axis that contour lines are drawn through
DIVERGED: dict[str, Any] = {"facecolor": "#E8E8E8", "edgecolor": "#8A8A8A", "hatch": "////", "linewidth": 0.0}
WORSE, WORSE_HATCH = "#CC79A7", ".."
COLOURS = matplotlib.colormaps["cividis"].with_extremes(over=WORSE)


@styled
def plane_figure(result: xr.Dataset | xr.DataTree) -> Figure:
    """The compared value of every cell, its median over the seeds: a panel a rule.

    Two axes are a map, one is a curve, cells that were drawn are dots. Of more than two axes the map shows the two of
    most cells, the others at their best. Cells that diverged are hatched, not coloured; a star is the best cell, the
    bold line goes round what is within a tenth of it.

    Args:
        result: what `sweep` returned, or a store's result.

    Raises PolyakError for a sweep that recorded neither a final nor a best value.

    >>> import polyak as pk
    >>> lr, momentum = pk.axes.log(0.01, 2, 30), pk.axes.linear(0, 0.9, 20)
    >>> ds = pk.sweep(pk.HeavyBall, on="ravine", steps=50, lr=lr, momentum=momentum)
    >>> figure = plane_figure(ds)
    >>> len(figure.axes)  # the map and its scale
    2
    """
    found = by_rule(result)
    columns = min(
        2, len(found)
    )  # more side by side would be read through a lens, wherever a page is narrower
    rows = -(-len(found) // columns)
    figure = new_figure(5.2 * columns + 0.6, 4.1 * rows)
    for panel, (name, dataset) in zip(_panels(figure, len(found), columns), found.items(), strict=True):
        _draw(figure, panel, name, dataset)
    legend_below(figure, *_legend(found))
    return figure


def _panels(figure: Figure, count: int, columns: int) -> list[Axes]:
    """Panels row by row; a last row that is not full stands in the middle."""
    rows = -(-count // columns)
    grid = figure.add_gridspec(rows, 2 * columns)
    panels = []
    for k in range(count):
        row, column = divmod(k, columns)
        short = columns - min(columns, count - row * columns)
        panels.append(figure.add_subplot(grid[row, 2 * column + short : 2 * column + short + 2]))
    return panels


def _draw(figure: Figure, panel: Axes, name: str, dataset: xr.Dataset) -> None:
    middle = medians(dataset)
    heading(panel, f"{name.replace('_', ' ')} on {words(target(dataset))}")
    finite = np.isfinite(middle.values)
    panel.patch.set(**DIVERGED)
    if not finite.any():
        panel.text(0.5, 0.5, "every cell diverged", transform=panel.transAxes, ha="center", bbox=_PAPER)
    scale = _scale(middle.values[finite], dataset.attrs.get("initial")) if finite.any() else Normalize()
    label = str(dataset[compared(dataset)].attrs.get("long_name", compared(dataset)))
    if "seed" in dataset[compared(dataset)].dims and dataset.sizes["seed"] > 1:
        label = f"{label}, median of {dataset.sizes['seed']} seeds"
    if "cell" in middle.dims:
        drawn: QuadMesh | PathCollection | None = _dots(panel, dataset, middle, swept(dataset), scale)
    elif middle.ndim == 1:
        _curve(panel, dataset, middle, label)
        return
    else:
        drawn = _map(panel, dataset, middle, scale, finite.any())
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=panel, extend=_extend(middle.values[finite], scale))
        bar.set_label(textwrap.fill(label, LABEL_WIDTH))


def _map(
    panel: Axes, dataset: xr.Dataset, middle: xr.DataArray, scale: Normalize, any_finite: bool
) -> QuadMesh | None:
    middle, at_best = _two_axes(dataset, middle)
    across, up = (str(dim) for dim in middle.dims)
    x, y = _places(panel, dataset, across, "x"), _places(panel, dataset, up, "y")
    values = np.ma.masked_invalid(np.asarray(middle.values, dtype=float).T)
    drawn = panel.pcolormesh(
        x, y, values, norm=scale, cmap=COLOURS, shading="nearest", rasterized=True, linewidth=0
    )
    if not any_finite:
        return None
    _lines(panel, x, y, values, scale)
    worse = values.filled(0.0) > (scale.vmax or 0.0)
    if (
        worse.any() and min(values.shape) > 1
    ):  # dots beside the colour, which in grey is one of the scale's own
        panel.contourf(x, y, worse.astype(float), levels=[0.5, 1.5], colors="none", hatches=[WORSE_HATCH])
    row, column = np.unravel_index(np.ma.argmin(values), values.shape)
    panel.plot(x[column], y[row], **STAR)
    if at_best:
        panel.text(0.02, 0.98, at_best, transform=panel.transAxes, va="top", fontsize=8, bbox=_PAPER)
    return drawn


def _lines(
    panel: Axes, x: NDArray[np.float64], y: NDArray[np.float64], values: Masked, scale: Normalize
) -> None:
    """Contour lines, as many as can be told apart, and a bold one round what is within a tenth of the best."""
    if min(values.shape) < 4:
        return
    skip = [max(1, size // MOST_LINES) for size in values.shape]
    thin = values[:: skip[0], :: skip[1]].filled(np.nan)
    place = x[:: skip[1]], y[:: skip[0]]
    low, high = float(scale.vmin or 0), float(scale.vmax or 1)
    between = np.geomspace if isinstance(scale, LogNorm) else np.linspace
    levels = between(low, high, 9)[1:-1]
    if np.isfinite(thin).any() and len(np.unique(levels)) == len(levels):
        panel.contour(*place, thin, levels=levels, colors="white", linewidths=0.5, alpha=0.7)
    best_value = float(np.ma.min(values))
    near = best_value + NEAR * abs(best_value)
    inside = np.where(np.isfinite(thin), thin, np.inf) <= near
    if inside.any() and not inside.all():
        panel.contour(*place, inside.astype(float), levels=[0.5], colors="black", linewidths=1.4)


def _dots(
    panel: Axes, dataset: xr.Dataset, middle: xr.DataArray, names: list[str], scale: Normalize
) -> PathCollection | None:
    """Cells that were drawn: the first two axes, crosses where a cell diverged."""
    panel.patch.set(facecolor="white", hatch="")
    across, up = names[0], names[1] if len(names) > 1 else None
    x = _places(panel, dataset, across, "x")
    y = _places(panel, dataset, up, "y") if up else np.asarray(middle.values, dtype=float)
    values = np.asarray(middle.values, dtype=float)
    finite = np.isfinite(values)
    if not finite.any():
        return None
    drawn = panel.scatter(
        x[finite],
        y[finite],
        c=values[finite],
        norm=scale,
        cmap=COLOURS,
        s=26,
        edgecolor="black",
        linewidth=0.4,
    )
    if up:
        panel.plot(x[~finite], y[~finite], "x", color="#8A8A8A", markersize=5)
    place = int(np.argmin(np.where(finite, values, np.inf)))
    panel.plot(x[place], y[place], **STAR)
    return drawn


def _curve(panel: Axes, dataset: xr.Dataset, middle: xr.DataArray, label: str) -> None:
    """A sweep of one axis: the median, and the range over the seeds."""
    (axis,) = (str(dim) for dim in middle.dims)
    panel.patch.set(facecolor="white", hatch="")
    x = _places(panel, dataset, axis, "x")
    values = np.asarray(middle.values, dtype=float)
    finite = np.isfinite(values)
    runs = dataset[compared(dataset)]
    if "seed" in runs.dims and dataset.sizes["seed"] > 1:
        low, high = (np.asarray(found.values, dtype=float) for found in (runs.min("seed"), runs.max("seed")))
        good = np.isfinite(low) & np.isfinite(high)
        panel.fill_between(x[good], low[good], high[good], alpha=0.25, linewidth=0)
    panel.plot(x, np.where(finite, values, np.nan), marker=".")
    if finite.any():
        scale = _scale(values[finite], dataset.attrs.get("initial"))
        if isinstance(scale, LogNorm):
            set_log_scale(panel, float(scale.vmin or 1) * 0.9, float(scale.vmax or 1) * 1.1)
        else:
            panel.set_ylim(top=float(scale.vmax or 1))
        place = int(np.argmin(np.where(finite, values, np.inf)))
        panel.plot(x[place], values[place], **STAR)
    gone = x[~finite]
    panel.plot(gone, np.full(len(gone), 0.97), "x", color="#8A8A8A", transform=panel.get_xaxis_transform())
    panel.set_ylabel(textwrap.fill(label, LABEL_WIDTH))


def _two_axes(dataset: xr.Dataset, middle: xr.DataArray) -> tuple[xr.DataArray, str]:
    """The plane of the two longest axes, the others at their best; and what those are, in words."""
    if middle.ndim == 2:
        return middle, ""
    place = np.unravel_index(int(np.argmin(middle.values)), middle.shape)
    longest = sorted(range(middle.ndim), key=lambda axis: -middle.shape[axis])[:2]
    others = {str(dim): int(place[axis]) for axis, dim in enumerate(middle.dims) if axis not in longest}
    said = ", ".join(f"{name} = {readable(float(dataset[name][index]), 3)}" for name, index in others.items())
    return middle.isel(others), said


def _places(panel: Axes, dataset: xr.Dataset, name: str, side: str) -> NDArray[np.float64]:
    """The values along an axis as they are drawn, with its scale, symbol and units."""
    found = dataset[name]
    symbol = f"${found.attrs['symbol']}$" if "symbol" in found.attrs else ""
    label = f"{found.attrs.get('long_name', name)} {symbol}".strip()
    values = np.asarray(found.values, dtype=float)
    scale = found.attrs.get("scale", "linear")
    if scale == "memory":
        values, label = 1 / (1 - values), f"memory $1/(1-{found.attrs.get('symbol', name)})$, steps"
    getattr(panel, f"set_{side}label")(label)
    if scale in ("log", "memory"):
        getattr(panel, f"set_{side}scale")("log")
    return values


def _scale(values: NDArray[Any], initial: float | None) -> Normalize:
    """From the best value to the one before the first step; logarithmic where the values allow."""
    low, high = float(values.min()), float(values.max())
    top = high if initial is None else min(high, initial)
    if top <= low:
        top = high
    if low < 0 or top <= 0:
        return Normalize(low, top if top > low else low + 1)
    low = max(low, top * DEEPEST)
    return LogNorm(low, max(top, low * 1.01))


def _extend(values: NDArray[Any], scale: Normalize) -> str:
    below, above = values.min() < (scale.vmin or 0), values.max() > (scale.vmax or 0)
    return {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[
        (bool(below), bool(above))
    ]


def target(dataset: xr.Dataset) -> str:
    """What was swept on, in words."""
    attrs = dataset.attrs
    if "data" in attrs:
        return f"{attrs['data']}, {attrs['on']}"
    return f"{attrs.get('on', '')}, {attrs.get('steps', '')} steps"


def _legend(found: dict[str, xr.Dataset]) -> tuple[list[Any], list[str]]:
    rows = [(Line2D([], [], **{**STAR, "linestyle": ""}), "best cell")]
    values = [medians(dataset).values for dataset in found.values()]
    diverged = any(not np.isfinite(each).all() for each in values)
    if any(each.ndim > 1 for each in values):
        begun = [dataset.attrs.get("initial") for dataset in found.values()]
        rows += _plane_legend(values, begun, diverged=diverged)
    elif diverged:
        rows.append((Line2D([], [], color="#8A8A8A", marker="x", linestyle=""), "diverged"))
    return [handle for handle, _ in rows], [words for _, words in rows]


def _plane_legend(
    values: list[NDArray[Any]], begun: list[float | None], *, diverged: bool
) -> Iterator[tuple[Any, str]]:
    """What else is drawn on planes, and what it means."""
    if any(_parted(each) for each in values):
        yield Line2D([], [], color="black", linewidth=1.4), "within 10 % of it"
    if diverged:
        yield Patch(**DIVERGED), "diverged"
    if any(_has_worse(each, initial) for each, initial in zip(values, begun, strict=True)):
        hatched = Patch(facecolor=WORSE, edgecolor="black", linewidth=0.0, hatch=WORSE_HATCH)
        yield hatched, "worse than at the start"


def _parted(values: NDArray[Any]) -> bool:
    """Whether a line goes round what is within a tenth of the best cell."""
    best = float(np.min(values[np.isfinite(values)], initial=np.inf))
    near = np.where(np.isfinite(values), values, np.inf) <= best + NEAR * abs(best)
    return values.ndim > 1 and min(values.shape) >= 4 and bool(near.any() and not near.all())


def _has_worse(values: NDArray[Any], initial: float | None) -> bool:
    finite = values[np.isfinite(values)]
    return bool(finite.size) and "max" in {"both": "max"}.get(
        ends := _extend(finite, _scale(finite, initial)), ends
    )


STAR: dict[str, Any] = {
    "marker": "*",
    "color": "#D55E00",
    "markersize": 14,
    "markeredgecolor": "white",
    "markeredgewidth": 0.9,
    "zorder": 6,
}
_PAPER: Any = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
