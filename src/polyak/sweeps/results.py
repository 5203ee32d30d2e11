"""What a sweep returns, as it is read: its rules, and which settings were swept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from polyak.ground.extras import need

if TYPE_CHECKING:
    import xarray as xr

SweepResult: TypeAlias = "xr.Dataset | xr.DataTree"
"""Of one rule a Dataset, of several a DataTree with a node for each."""


def by_rule(result: SweepResult) -> dict[str, xr.Dataset]:
    """The Dataset of each rule in a sweep's result, by the rule's name."""
    need("xarray", what="a sweep", extra="sweep")
    import xarray as xr

    if isinstance(result, xr.DataTree):
        if result.children:
            return {str(name): node.to_dataset() for name, node in result.children.items()}
        result = result.to_dataset()
    return {str(result.attrs.get("rule", "sweep")): result}


def together(datasets: dict[str, xr.Dataset]) -> SweepResult:
    """One Dataset as it is; of several rules a DataTree, a node a rule."""
    import xarray as xr

    return next(iter(datasets.values())) if len(datasets) == 1 else xr.DataTree.from_dict(dict(datasets))


def swept(dataset: xr.Dataset) -> list[str]:
    """The names of the settings that have an axis, in the axes' order: a store lists them as its disk does."""
    axes = list(json.loads(dataset.attrs.get("axes", "{}")))
    names = [str(name) for name, values in dataset.coords.items() if "scale" in values.attrs]
    return sorted(names, key=lambda name: axes.index(name) if name in axes else len(axes))
