"""Training curves: the loss over all the data against epochs, with a band over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polyak.run import History
from polyak.show.drawn import draws
from polyak.show.style import (
    LARGEST,
    heading,
    label,
    legend_below,
    new_figure,
    series,
    set_log_scale,
    styled,
    words,
)


@draws(History)
@styled
def history_figure(histories: History | Sequence[History]) -> Figure:
    """One training or several in one picture: the median over seeds, and a band from lowest to highest.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> rules = pk.HeavyBall(lr=0.004, momentum=0.9), pk.GradientDescent(lr=0.04)
    >>> figure = history_figure([pk.train(rule, problem, seeds=5) for rule in rules])
    """
    histories = [histories] if isinstance(histories, History) else list(histories)
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    draw_histories(axes, histories)
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure


def _draw_held_out(axes: Axes, history: History, color: str) -> None:
    """The median over the rows held out, where there are some."""
    if history.held_out_losses is None:
        return
    held = np.median(history.held_out_losses.astype(np.float64), axis=0)
    axes.plot(
        history.epochs,
        np.where(held < LARGEST, held, np.nan),
        color=color,
        linestyle=":",
        label=f"the same on {history.problem.held_out_rows()} rows held out",
    )


def _diverged(history: History) -> str:
    """How many runs diverged, beside the rule's name: on the curves there is no room that is always free."""
    steps = [step for step in history.diverged_at if step is not None]
    return f" ({len(steps)} of {len(history.seeds)} diverged, from step {min(steps)})" if steps else ""


def draw_histories(axes: Axes, histories: Sequence[History]) -> None:
    """Median and band of each training's loss; a run that diverged leaves the picture, and is said to."""
    first = histories[0]
    for index, history in enumerate(histories):
        style = series(index)
        losses = history.losses.astype(np.float64)
        finite = np.where(losses < LARGEST, losses, np.inf)
        low, middle, high = finite.min(axis=0), np.median(finite, axis=0), finite.max(axis=0)
        shown = [np.where(np.isfinite(line), line, np.nan) for line in (low, middle, high)]
        axes.plot(
            history.epochs,
            shown[1],
            color=style["color"],
            linestyle=style["linestyle"],
            label=label(history.rule) + _diverged(history),
        )
        _draw_held_out(axes, history, style["color"])
        if len(history.seeds) > 1:
            top = np.where(np.isfinite(high), high, LARGEST)
            axes.fill_between(history.epochs, shown[0], top, color=style["color"], alpha=0.2, linewidth=0)
    end = max(history.epochs[-1] for history in histories)
    axes.set_xlim(-0.02 * end, 1.02 * end)
    _scale(axes, histories)
    axes.grid(visible=True, which="both")
    several = len(first.seeds) > 1
    over = "rows trained on" if first.problem.held_out_rows() else "all rows"
    spread = " (median and range)" if several else ""
    axes.set(xlabel="epochs", ylabel=f"loss over {over}{spread}")
    seeds = f", {len(first.seeds)} seeds" if several else ""
    heading(axes, f"{words(first.problem.data.name)}, {first.problem.name}, batch {first.batch_size}{seeds}")


def _scale(axes: Axes, histories: Sequence[History]) -> None:
    """A logarithmic axis that holds the medians, but for a curve that runs away: it would press all others flat."""
    held = [each.held_out_losses.ravel() for each in histories if each.held_out_losses is not None]
    losses = np.concatenate([*(history.losses.ravel() for history in histories), *held])
    losses = losses[np.isfinite(losses) & (losses > 0)]
    if not losses.size:
        return
    start = float(np.median(histories[0].losses[:, 0]))
    medians = np.concatenate([np.median(history.losses, axis=0) for history in histories])
    top = float(np.max(medians[np.isfinite(medians)], initial=start))
    high = min(max(top, start) * 1.15, 4 * start) if start > 0 else float(losses.max())
    set_log_scale(axes, float(losses.min()) * 0.97, high)
