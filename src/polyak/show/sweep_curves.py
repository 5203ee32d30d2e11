"""The losses, or values, of chosen cells of a sweep over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.show.style import heading, legend_below, new_figure, series, set_log_scale, styled, words
from polyak.show.sweeps import DEEPEST, target
from polyak.sweeps.best import best
from polyak.sweeps.results import by_rule

if TYPE_CHECKING:
    import xarray as xr


@styled
def curves_figure(
    result: xr.Dataset | xr.DataTree, cells: Sequence[Mapping[str, float]] | None = None
) -> Figure:
    """The loss, or the value, of chosen cells over the steps.

    Args:
        result: a sweep of one rule that recorded "values".
        cells: settings by name, each the nearest cell's; by default the best cell and those at the ends of each axis
            beside it.

    Raises PolyakError where no values were recorded, and for a setting that is no axis.

    >>> import polyak as pk
    >>> grid = {"lr": [0.1, 0.4], "momentum": [0, 0.5]}
    >>> ds = pk.sweep(pk.HeavyBall, on="ravine", steps=20, record=("final", "values"), **grid)
    >>> figure = curves_figure(ds)
    """
    ((name, dataset),) = by_rule(result).items()
    curves = _values(name, dataset)
    chosen = _corners(dataset) if cells is None else [_checked(dataset, cell) for cell in cells]
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    low, high = np.inf, -np.inf
    for index, cell in enumerate(chosen):
        one = curves.sel(dict(cell), method="nearest")
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
    axes.set(xlabel="step", ylabel=str(curves.attrs.get("long_name", curves.name)))
    heading(axes, f"{name.replace('_', ' ')} on {words(target(dataset))}")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure


def _values(name: str, dataset: xr.Dataset) -> xr.DataArray:
    """What was recorded over the steps."""
    for variable in ("loss", "value"):
        if variable in dataset:
            return dataset[variable]
    raise PolyakError(f"the sweep of {name} recorded no values: ask for them by record='values'")


def _checked(dataset: xr.Dataset, cell: Mapping[str, float]) -> Mapping[str, float]:
    for setting in cell:
        if setting not in dataset.dims:
            axes = ", ".join(map(str, dataset.dims))
            raise PolyakError(f"{setting} is no axis of this sweep (there are: {axes})")
    return cell


def _corners(dataset: xr.Dataset) -> list[dict[str, float]]:
    """The best cell, and from it to the ends of each axis."""
    at = best(dataset)
    assert not isinstance(at, dict)
    ends = [{**at.settings, name: float(dataset[name][end])} for name in at.settings for end in (0, -1)]
    return [at.settings, *[cell for cell in ends if cell != at.settings]]
