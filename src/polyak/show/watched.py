"""A watched training: its loss, its sharpness against the edge, its learning rate, and what happened when."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from polyak.diagnose import Watched
from polyak.show.drawn import draws
from polyak.show.style import (
    LARGEST,
    SMALLEST,
    few_ticks,
    heading,
    new_figure,
    one_legend_below,
    series,
    styled,
    words,
)

MARKED = ("warned", "resumed", "lr changed", "optimizer replaced", "stopped")
MOST_MARKS = 12  # lines of what happened, the last ones


@draws(Watched)
@styled
def watched_figure(watched: Watched) -> Figure:
    """Three pictures over the same steps; what happened stands as lines in all of them.

    >>> import torch, polyak as pk
    >>> net, loss, batch = torch.nn.Linear(2, 1), torch.nn.MSELoss(), (torch.ones(4, 2), torch.zeros(4, 1))
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> with pk.watch(optimizer, pk.model(net, loss, [batch]), every=2) as seen:
    ...     for step in range(40):
    ...         optimizer.param_groups[0]["lr"] = 0.1 if step < 25 else 0.6
    ...         optimizer.zero_grad()
    ...         loss(net(batch[0]), batch[1]).backward()
    ...         optimizer.step()
    ...         seen.step(batch)
    >>> figure = watched_figure(seen.watched)
    """
    figure = new_figure(7.0, 6.4)
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 2])
    steps, readings = watched.steps, watched.readings
    told = np.isfinite(steps.get("loss", np.empty(0))).any()
    if told:
        _curve(top, steps["step"], steps["loss"], 0, "loss of each batch")
    else:
        _curve(
            top, readings["step"], readings.get("loss", np.empty(0)), 0, "loss of the batch read", marker="o"
        )
    _curve(middle, readings["step"], readings.get("sharpness", np.empty(0)), 1, "sharpness", marker="s")
    _curve(middle, readings["step"], readings.get("edge", np.empty(0)), 2, "the rule's edge")
    _curve(bottom, steps["step"], steps.get("lr", np.empty(0)), 3, "learning rate")
    top.set_ylabel("loss")
    middle.set_ylabel("curvature")
    bottom.set(ylabel="learning rate", xlabel="step")
    for axes in (top, middle, bottom):
        few_ticks(axes)
        axes.grid(visible=True, which="both")
        _events(axes, watched)
    heading(top, words(f"{watched.facts.model} with {watched.facts.optimizer}"))
    one_legend_below(figure, (top, middle, bottom))
    return figure


def _curve(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], index: int, name: str, marker: str = ""
) -> None:
    """A line on a logarithmic axis, where it has a number above 0."""
    shown = np.where((y > SMALLEST) & (y < LARGEST), y, np.nan)
    if not np.isfinite(shown).any():
        return
    style = series(index)
    axes.plot(
        x, shown, color=style["color"], linestyle=style["linestyle"], marker=marker, markersize=3, label=name
    )
    axes.set_yscale("log")


def _events(axes: Axes, watched: Watched) -> None:
    shown = [event for event in watched.events if event.kind in MARKED][-MOST_MARKS:]
    for event in shown:
        warned = event.kind == "warned"
        axes.axvline(
            event.step,
            color="black",
            linewidth=1.2 if warned else 0.8,
            linestyle="--" if warned else ":",
            label=event.kind,
        )
