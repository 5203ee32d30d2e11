"""An explained step: the loss with the step marked, and below it what the evidence is made of, over the same steps."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from polyak.diagnose import Explanation
from polyak.show.drawn import draws
from polyak.show.style import LARGEST, SMALLEST, heading, new_figure, one_legend_below, series, styled, words


@draws(Explanation)
@styled
def explanation_figure(explanation: Explanation) -> Figure:
    """The loss, and two quantities that the cause is seen in; a line stands at the step.

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
    >>> figure = explanation_figure(pk.explain(seen))
    """
    figure = new_figure(7.0, 5.6)
    axes = figure.subplots(3, 1, sharex=True, height_ratios=[3, 2, 2])
    watched = explanation.watched
    names = explanation.seen_in
    told = np.isfinite(watched.steps.get("loss", np.empty(0))).any()
    loss_of = watched.steps if told else watched.readings
    _curve(axes[0], loss_of["step"], loss_of.get("loss", np.empty(0)), 0, "loss")
    for k, (place, name) in enumerate(zip(axes[1:], names, strict=True), start=1):
        rows = watched.steps if name in watched.steps else watched.readings
        _curve(place, rows["step"], rows.get(name, np.empty(0)), k, name.replace("_", " "))
        place.set_ylabel(name.replace("_", " "))
    axes[0].set_ylabel("loss")
    axes[-1].set_xlabel("step")
    for place in axes:
        place.grid(visible=True)
        if explanation.moment.kind != "none":
            place.axvline(explanation.step, color="black", linestyle="--", label="the step that is explained")
    heading(axes[0], words(explanation.words()[0]))
    one_legend_below(figure, list(axes))
    return figure


def _curve(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], index: int, name: str) -> None:
    """A line where there are numbers that can be drawn: on a logarithmic axis where they span decades."""
    shown = np.where(np.isfinite(y) & (np.abs(y) < LARGEST), y, np.nan) if len(y) == len(x) else np.empty(0)
    if not np.isfinite(shown).any():
        return
    style = series(index)
    few = len(x) < 60
    marker = style["marker"] if few else ""
    axes.plot(
        x, shown, color=style["color"], linestyle=style["linestyle"], marker=marker, markersize=3, label=name
    )
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    if low > SMALLEST and high > 10 * low:
        axes.set_yscale("log")
