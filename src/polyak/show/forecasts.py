"""A forecast: each setting's loss against the steps, as far as it is said, with the band that it may be off by."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from polyak.diagnose import Forecast
from polyak.show.drawn import draws
from polyak.show.style import heading, legend_below, new_figure, series, styled, words

MOST_NAMED = 7  # settings in the legend and in colours: the lowest ones; the others are grey


@draws(Forecast)
@styled
def forecast_figure(forecast: Forecast) -> Figure:
    """The curves of all settings; a cross where one is no longer said, dashes where it lies past its edge.

    >>> import numpy as np, polyak as pk
    >>> rows = np.random.default_rng(0).normal(1.0, 1.0, (64, 2)).astype("float32")
    >>> forward, loss = lambda w, batch: batch @ w, lambda outputs, batch: ((outputs - 3) ** 2).mean()
    >>> model = pk.model(loss, np.zeros(2, "float32"), np.split(rows, 8), forward=forward)
    >>> found = pk.forecast(model, pk.HeavyBall(lr=0.01, momentum=0.5), 30, lr=[0.001, 0.01])
    >>> figure = forecast_figure(found)
    """
    figure = new_figure(7.0, 4.4)
    axes = figure.subplots()
    ends = np.array(
        [row[np.isfinite(row)][-1] if np.isfinite(row).any() else np.inf for row in forecast.losses]
    )
    steps = np.concatenate([[0], forecast.at])
    for place, index in enumerate(np.argsort(ends, kind="stable")):
        losses = np.concatenate([[forecast.today], forecast.losses[index]])
        errors = np.concatenate([[0.0], forecast.errors[index]])
        said = np.isfinite(losses)
        named = place < MOST_NAMED
        color = series(place)["color"] if named else "0.7"
        style = "--" if forecast.past_edge[index] else "-"
        text = words(forecast.named(int(index))) if named else None
        axes.plot(steps[said], losses[said], style, color=color, label=text, zorder=2 if named else 1)
        if named:
            off = losses[said] * errors[said]
            axes.fill_between(
                steps[said], losses[said] - off, losses[said] + off, color=color, alpha=0.15, linewidth=0
            )
        if not said.all():
            axes.plot(steps[said][-1], losses[said][-1], "x", color=color)
    axes.grid(visible=True, which="both")
    axes.set(xlabel="steps from now", ylabel=f"loss over {forecast.rows:,} rows")
    heading(axes, words(f"{forecast.optimizer} on {forecast.model}: forecast"))
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure
