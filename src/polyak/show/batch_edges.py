"""The edges of mini-batch training: how noise breeds noise as the learning rate grows, and what holds between them."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import COLORS, heading, label, legend_below, new_figure, styled
from polyak.theory import BatchEdges

POINTS = 40  # of the curve
BELOW, BEYOND = 0.05, 1.4  # of the mean-square edge, and of the full batch's: the ends of the picture


@draws(BatchEdges)
@styled
def batch_edges_figure(edges: BatchEdges, *, typical: bool | None = None) -> Figure:
    """What the noise of the batches is multiplied by, through the parameters that it spreads, against the lr.

    Args:
        edges: what `batch_edges` returns.
        typical: whether a typical run's edge is shown, which may have to be simulated; by default where it is known.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> figure = batch_edges_figure(pk.batch_edges(pk.HeavyBall(lr=0.05, momentum=0.5), problem, batch_size=4))
    """
    figure = new_figure(6.2, 3.9)
    axes = figure.subplots()
    shown = edges.simulated if typical is None else typical
    low, high = BELOW * edges.mean_square, BEYOND * edges.full_batch
    lrs = np.geomspace(low, edges.full_batch, POINTS, endpoint=False)
    growth = edges.growth(lrs)
    axes.plot(lrs, growth, color="black", label="noise bred by noise: the expected loss grows from 1 on")
    zones = [("settles", low, edges.mean_square, COLORS[2])]
    end = min(edges.typical.lr, high) if shown else edges.full_batch
    between = "most runs shrink, the mean grows" if shown else "the mean grows, a typical run may shrink"
    zones.append((between, edges.mean_square, end, COLORS[5]))
    zones.append(("almost every run grows" if shown else "the full batch diverges too", end, high, COLORS[1]))
    for name, begin, stop, colour in zones:
        axes.axvspan(begin, max(stop, begin), color=colour, alpha=0.2, linewidth=0, label=name)
    axes.axvline(edges.full_batch, color=COLORS[1], linestyle="--", label="edge of the full batch")
    if shown and np.isfinite(edges.typical.high):
        interval = f"95 %: {readable(edges.typical.low, 3)} to {readable(edges.typical.high, 3)}"
        axes.axvspan(
            edges.typical.low, edges.typical.high, color="black", alpha=0.3, linewidth=0, label=interval
        )
    axes.axhline(1.0, color="black", linewidth=0.6)
    if low <= edges.now <= high:
        axes.axvline(edges.now, color="black", linestyle=":", label="here")
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(0, 2)
    axes.grid(visible=True)
    axes.set(xlabel=edges.lr.replace("_", " "), ylabel="noise bred by noise")
    heading(axes, f"{edges.on.data.name}: {label(edges.rule)}, batches of {edges.batch_size}")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure
