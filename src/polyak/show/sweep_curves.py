"""The losses, or values, of chosen cells of a sweep over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.show.style import heading, legend_below, new_figure, series, set_log_scale, styled, words
from polyak.show.sweeps import DEEPEST, target
from polyak.sweeps.best import best
from polyak.sweeps.results import by_rule


@styled
def curves_figure(result: Any, cells: Sequence[Mapping[str, float]] | None = None) -> Figure:
    """The loss, or the value, of chosen cells over the steps.

    Args:
        result: a sweep of one rule that recorded "values".
        cells: settings by name, each the nearest cell's; by default the best cell and those at the ends of each axis
            beside it.

    Raises PolyakError where no values were recorded, and for a setting that is no axis.
    """
    ((name, dataset),) = by_rule(result).items()
    variable = next((found for found in ("loss", "value") if found in dataset), None)
    if variable is None:
        raise PolyakError(f"the sweep of {name} recorded no values: ask for them by record='values'")
    chosen = _corners(dataset) if cells is None else list(cells)
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    low, high = np.inf, -np.inf
    for index, cell in enumerate(chosen):
        for setting in cell:
            if setting not in dataset.dims:
                raise PolyakError(
                    f"{setting} is no axis of this sweep (there are: {', '.join(map(str, dataset.dims))})"
                )
        one = dataset[variable].sel(dict(cell), method="nearest")
        middle = one.median("seed") if "seed" in one.dims else one
        numbers = np.where(np.isfinite(middle.values), middle.values, np.nan)
        label = ", ".join(f"{setting} = {readable(float(one[setting]), 3)}" for setting in cell)
        axes.plot(dataset["step"].values, numbers, **{**series(index), "marker": ""}, label=label)
        if np.isfinite(numbers).any():
            low, high = (
                min(low, np.nanmin(numbers)),
                max(high, np.nanmin([np.nanmax(numbers), 100 * numbers[0]])),
            )
    if 0 < low < high:
        set_log_scale(axes, max(low, high * DEEPEST) * 0.9, high * 1.1)
    axes.set(xlabel="step", ylabel=str(dataset[variable].attrs.get("long_name", variable)))
    heading(axes, f"{name.replace('_', ' ')} on {words(target(dataset))}")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure


def _corners(dataset: Any) -> list[dict[str, float]]:
    """The best cell, and from it to the ends of each axis."""
    at = best(dataset)
    assert not isinstance(at, dict)
    ends = [{**at.settings, name: float(dataset[name][end])} for name in at.settings for end in (0, -1)]
    return [at.settings, *[cell for cell in ends if cell != at.settings]]
