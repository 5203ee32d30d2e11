"""The last loss of trainings against their learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from polyak.run import History
from polyak.show.style import new_figure, series, styled


@styled
def lr_figure(ladders: Sequence[Sequence[History]]) -> Figure:
    """For each ladder of trainings that differ in lr alone: median and range over seeds of the last loss."""
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    start = float(np.median(ladders[0][0].losses[:, 0]))
    for index, ladder in enumerate(ladders):
        lrs = np.array([_lr(history.rule) for history in ladder])
        ends = np.array([history.final_losses for history in ladder], dtype=np.float64)
        bad = ~np.isfinite(ends).all(axis=1) | (np.max(np.where(np.isfinite(ends), ends, 0), axis=1) > start)
        low, middle, high = np.quantile(
            np.where(np.isfinite(ends), ends, 1e300), [0, 0.5, 1], axis=1, method="nearest"
        )
        style = series(index)
        axes.errorbar(
            lrs[~bad],
            middle[~bad],
            yerr=[(middle - low)[~bad], (high - middle)[~bad]],
            capsize=3,
            **style,
            label=ladder[0].rule.name().replace("_", " "),
        )
        height = 0.97 - 0.05 * index
        axes.plot(
            lrs[bad], [height] * bad.sum(), "x", color=style["color"], transform=axes.get_xaxis_transform()
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:.3g}")
    axes.yaxis.set_minor_formatter("{x:.2g}")
    axes.grid(visible=True, which="both")
    epochs = ladders[0][0].epochs[-1]
    axes.set(xlabel=r"learning rate $\eta$", ylabel=f"loss over all rows after {epochs:g} epochs")
    axes.set_title("median and range over seeds (cross: worse than at the start, or diverged)")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _lr(rule: Any) -> float:
    settings = rule.settings()
    return float(settings["lr"] if "lr" in settings else settings["learning_rate"])
