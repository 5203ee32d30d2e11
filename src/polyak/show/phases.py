"""The phase diagram: regimes by name, rate by shade, and where a setting stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.show.stabilities import MOST_CURVATURES, STEPS, draw_errors
from polyak.show.style import heading, legend_below, new_figure, series, styled
from polyak.theory import REGIMES, Stability

if TYPE_CHECKING:
    import xarray as xr

# Light enough for black letters; hatching keeps the regimes apart in black and white.
SHADES = ("#DCEAF5", "#0072B2", "#FFFFFF", "#FBE3C8", "#D9D9D9")
HATCHES = ("", "", "", "...", "///")
CRITICALLY_DAMPED, DIVERGING = REGIMES.index("critically damped"), REGIMES.index("diverging")


@styled
def phase_figure(diagram: xr.Dataset, stability: Stability | None = None, *, steps: int = STEPS) -> Figure:
    """Regimes and rates over lr * curvature and momentum (or the diagram's other axis).

    Args:
        diagram: what `phase_diagram` returns, with two axes; the edges of mini-batches are drawn where it has them.
        stability: a setting to mark, a mark for each curvature, its predicted errors drawn beside.
        steps: of those errors.

    Raises PolyakError for a diagram of one axis.

    >>> import polyak as pk
    >>> diagram = pk.phase_diagram(pk.HeavyBall)
    >>> figure = phase_figure(diagram, pk.stability(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine"))
    """
    if stability is not None and "mean_square" in diagram:
        raise PolyakError(
            "a phase diagram in mini-batches has no place for a setting: expected one of the two"
        )
    if diagram.rate.ndim != 2:
        raise PolyakError(
            f"the phase diagram of {diagram.attrs['rule']} has one axis, expected two to draw a plane"
        )
    figure = new_figure(9.2 if stability is not None else 5.6, 4.2)
    if stability is None:
        plane = figure.subplots()
    else:
        plane, errors = figure.subplots(1, 2, width_ratios=(1.2, 1))
        shown = list(range(min(len(stability.rates), MOST_CURVATURES)))
        draw_errors(errors, stability, shown, steps)
        legend_below(figure, *errors.get_legend_handles_labels())
    draw_phases(plane, diagram)
    if "mean_square" in diagram:
        _draw_edges(plane, diagram)
        legend_below(figure, *plane.get_legend_handles_labels())
    if stability is not None:
        _mark(plane, diagram, stability, shown)
    return figure


def draw_phases(axes: Axes, diagram: xr.Dataset) -> None:
    """The plane of regimes with its names, and contours of equal rate."""
    across, up = diagram.rate.dims
    x, y = diagram[across].values, diagram[up].values
    draw_regimes(axes, x, y, diagram.regime.values.T, diagram.rate.values.T)
    symbol = {"momentum": r"$\gamma$"}.get(str(up), str(up).replace("_", " "))
    axes.set(xlabel=r"learning rate $\times$ curvature, $\eta \lambda$", ylabel=f"{symbol}")
    heading(
        axes, f"{diagram.attrs['rule'].replace('_', ' ')}: regimes and rate on quadratics (bold: the edge)"
    )


def draw_regimes(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    regimes: NDArray[np.integer],
    rates: NDArray[np.float64],
    names: Sequence[str] = REGIMES,
) -> None:
    """Regimes as shades with their names, rates as contours, the edge in bold: both of shape (len(y), len(x))."""
    colours = ListedColormap(SHADES)
    axes.pcolormesh(
        x, y, regimes, cmap=colours, vmin=-0.5, vmax=len(REGIMES) - 0.5, shading="nearest", rasterized=True
    )
    for code, hatch in enumerate(HATCHES):
        if hatch and (regimes == code).any():
            region = (regimes == code).astype(float)
            axes.contourf(x, y, region, levels=[0.5, 1.5], colors="none", hatches=[hatch])
    lines = axes.contour(
        x, y, rates, levels=[0.3, 0.5, 0.7, 0.8, 0.9, 0.95], colors="#44546A", linewidths=0.6
    )
    axes.clabel(lines, fontsize=6.5, fmt="%.2g")
    axes.contour(x, y, rates, levels=[1.0], colors="black", linewidths=1.6)
    for code, name in enumerate(names):
        where = np.argwhere(regimes == code)
        if code != CRITICALLY_DAMPED and len(where) > 0.01 * regimes.size:
            row, column = _middle(where)
            inside = x[max(column, round(0.14 * len(x)))]
            axes.text(inside, y[row], name, ha="center", va="center", fontsize=8.5, bbox=_PAPER)


def _draw_edges(axes: Axes, diagram: xr.Dataset) -> None:
    """The three edges of mini-batch training, over the regimes of full batches."""
    up = str(diagram.rate.dims[1])
    at = diagram[f"{up}_of_edges"].values
    lines = {
        "full_batch": "full batch",
        "typical": "a typical run grows beyond",
        "mean_square": "the expected loss grows beyond",
    }
    for index, (name, label) in enumerate(lines.items()):
        edge = diagram[name].values
        if np.isfinite(edge).any():
            style = series(index + 1)
            axes.plot(edge, at, **style, markersize=4, linewidth=1.8, label=label)
    batch, on = diagram.attrs["batch_size"], diagram.attrs["on"]
    rule = diagram.attrs["rule"].replace("_", " ")
    heading(axes, f"{rule} on {on}, batches of {batch}: the three edges, over the regimes of all rows")


def _mark(axes: Axes, diagram: xr.Dataset, stability: Stability, shown: list[int]) -> None:
    """Where the setting stands, a mark for each curvature; beyond the picture, an arrow at its border."""
    across, up = diagram.rate.dims
    settings = stability.rule.settings()
    if stability.lr is None or str(up) not in settings:
        return
    most = float(diagram[across].values.max())
    for index, k in enumerate(shown):
        a = float(settings[stability.lr]) * float(stability.curvatures[k])
        style = series(index)
        marker = style["marker"] if 0 <= a <= most else ">" if a > most else "<"
        axes.plot(
            min(max(a, 0.0), most),
            float(settings[str(up)]),
            marker=marker,
            color=style["color"],
            markersize=9,
            markeredgecolor="black",
            clip_on=False,
            zorder=5,
        )


def _middle(where: NDArray[np.intp]) -> NDArray[np.intp]:
    """The cell of a region nearest to the middle of it: a place for its name that is inside."""
    away = ((where - where.mean(axis=0)) ** 2).sum(axis=1)
    middle: NDArray[np.intp] = where[int(away.argmin())]
    return middle


_PAPER: Any = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
