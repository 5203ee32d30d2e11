"""When to drop the learning rate: where each drop there may be ends."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import COLORS, LARGEST, few_ticks, heading, label, legend_below, new_figure, styled
from polyak.theory import Drop


@draws(Drop)
@styled
def drop_figure(drop: Drop) -> Figure:
    """The expected loss after the last step, against the step at which the learning rate is dropped.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> figure = drop_figure(pk.lr_drop(pk.HeavyBall(lr=0.05, momentum=0.5), problem, steps=30))
    """
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    steps = np.arange(len(drop.losses))
    losses = np.where((drop.losses > 0) & (drop.losses < LARGEST), drop.losses, np.nan)
    axes.plot(
        steps[:-1], losses[:-1], color=COLORS[0], marker="o" if len(steps) < 3 else None, label="dropped"
    )
    if np.isfinite(losses[drop.best]):
        axes.plot(
            drop.best,
            losses[drop.best],
            color=COLORS[1],
            marker="s",
            linestyle="none",
            label=f"best: after {drop.best} steps, {readable(drop.losses[drop.best])}",
        )
    if np.isfinite(losses[-1]):
        never = f"never: {readable(drop.losses[-1])}"
        axes.axhline(
            losses[-1],
            color="black",
            linewidth=0.8,
            linestyle="--",
            label=never,
        )
    axes.set_yscale("log" if np.isfinite(losses).any() else "linear")
    few_ticks(axes)
    axes.grid(visible=True, which="both")
    axes.set(
        xlabel=rf"steps before $\eta$ is multiplied by {readable(drop.factor)}",
        ylabel="expected loss after the last step",
    )
    heading(
        axes, f"{drop.problem.data.name}: {label(drop.rule)}, batch {drop.batch_size}, {len(steps) - 1} steps"
    )
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure
