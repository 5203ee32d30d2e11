"""Training curves: the loss over all the data against epochs, with a band over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polyak.run import History
from polyak.show.style import label, new_figure, series, styled


@styled
def history_figure(histories: History | Sequence[History]) -> Figure:
    """One training or several in one picture: the median over seeds, and a band from lowest to highest."""
    histories = [histories] if isinstance(histories, History) else list(histories)
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    draw_histories(axes, histories)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def draw_histories(axes: Axes, histories: Sequence[History]) -> None:
    """Median and band of each training's loss; a run that diverged leaves the picture, and is said to."""
    first = histories[0]
    for index, history in enumerate(histories):
        style = series(index)
        finite = np.where(np.isfinite(history.losses), history.losses, np.inf).astype(np.float64)
        low, middle, high = np.quantile(finite, [0, 0.5, 1], axis=0, method="nearest")
        shown = [np.where(np.isfinite(line), line, np.nan) for line in (low, middle, high)]
        axes.plot(
            history.epochs,
            shown[1],
            color=style["color"],
            linestyle=style["linestyle"],
            label=label(history.rule),
        )
        if len(history.seeds) > 1:
            top = np.where(np.isfinite(high), high, 1e300)
            axes.fill_between(history.epochs, shown[0], top, color=style["color"], alpha=0.2, linewidth=0)
        steps = [step for step in history.diverged_at if step is not None]
        if steps:
            axes.annotate(
                f"{len(steps)} of {len(history.seeds)} diverged (from step {min(steps)})",
                (0.98, 0.96 - 0.08 * index),
                xycoords="axes fraction",
                ha="right",
                va="top",
                fontsize=8,
                color=style["color"],
            )
    start = float(np.median(first.losses[:, 0]))
    lowest = min(
        float(np.min(history.losses[np.isfinite(history.losses)], initial=start)) for history in histories
    )
    axes.set_yscale("log")
    medians = np.concatenate([np.median(history.losses, axis=0) for history in histories])
    top = float(np.max(medians[np.isfinite(medians)], initial=start))
    # A curve that runs away would press all others flat: the window stops at four times the start.
    axes.set_ylim(lowest * 0.97, min(max(top, start) * 1.15, 4 * start))
    axes.yaxis.set_major_formatter("{x:.3g}")
    axes.yaxis.set_minor_formatter("{x:.2g}")
    axes.grid(visible=True, which="both")
    seeds = f", {len(first.seeds)} seeds (band: lowest to highest)" if len(first.seeds) > 1 else ""
    axes.set(xlabel="epochs", ylabel="loss over all rows (median)" if seeds else "loss over all rows")
    axes.set_title(f"{first.problem.data.name}, {first.problem.name}, batch {first.batch_size}{seeds}")
