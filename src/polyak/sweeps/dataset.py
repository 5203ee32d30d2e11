"""The result of a sweep as an xarray.Dataset, or as a DataTree with a Dataset for each rule."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from polyak.sweeps.job import NOT_YET, Job


def empty(job: Job) -> dict[str, np.ndarray]:
    """Room for every variable."""
    return {name: np.empty(about.shape, about.dtype) for name, about in job.variables().items()}


def fill_value(dtype: str) -> Any:
    """What stands where no chunk was written yet."""
    return NOT_YET if np.dtype(dtype).kind == "i" else np.array(np.nan, dtype)[()]


def dataset(job: Job, arrays: dict[str, Any]) -> xr.Dataset:
    """The arrays with their dimensions, coordinates, units and attributes."""
    variables = {
        name: xr.Variable(about.dims, arrays[name], {"long_name": about.meaning})
        for name, about in job.variables().items()
    }
    return xr.Dataset(variables, coordinates(job), job.attrs())


def coordinates(job: Job) -> dict[str, xr.Variable]:
    """The values along each dimension: settings, seeds, steps and coordinates of x."""
    about: dict[str, Any] = getattr(job.plane.rule, "hyperparameters", dict)()
    found = {}
    for name, numbers in job.coordinates.items():
        meaning = about[name].meaning if name in about else name.replace("_", " ")
        attrs = {"long_name": meaning, "units": "1", "scale": job.plane.axes[name].scale}
        if name in about:
            attrs["symbol"] = about[name].symbol
        dims = name if job.sampling == "grid" else "cell"
        found[name] = xr.Variable(dims, numbers, attrs)
        if name in ("momentum", "beta1", "b1"):
            with np.errstate(divide="ignore"):
                memory = 1 / (1 - numbers)
            found["memory"] = xr.Variable(
                dims, memory, {"long_name": "memory, 1/(1 - momentum)", "units": "steps"}
            )
    if job.on.seeded:
        found["seed"] = xr.Variable("seed", np.array(job.seeds))
    dims_used = {dim for variable in job.variables().values() for dim in variable.dims}
    if "step" in dims_used:
        found["step"] = xr.Variable("step", job.on.recorded_steps(), {"long_name": "step", "units": "steps"})
    if "coordinate" in dims_used:
        names = [f"x{k + 1}" for k in range(len(job.on.params(None)))]
        found["coordinate"] = xr.Variable("coordinate", names)
    return found


def swept(dataset: xr.Dataset) -> list[str]:
    """The names of the settings that have an axis, in the axes' order: a store lists them as its disk does."""
    axes = list(json.loads(dataset.attrs.get("axes", "{}")))
    names = [str(name) for name, found in dataset.coords.items() if "scale" in found.attrs]
    return sorted(names, key=lambda name: axes.index(name) if name in axes else len(axes))


def together(found: dict[str, xr.Dataset]) -> Any:
    """One Dataset as it is; of several rules a DataTree, a node a rule."""
    if len(found) == 1:
        return next(iter(found.values()))
    return xr.DataTree.from_dict(dict(found))


def planes(result: Any) -> dict[str, xr.Dataset]:
    """The Dataset of each rule in a sweep's result, by the rule's name."""
    if isinstance(result, xr.DataTree):
        if not result.children:
            return {str(result.attrs.get("rule", "sweep")): result.to_dataset()}
        return {str(name): node.to_dataset() for name, node in result.children.items()}
    return {str(result.attrs.get("rule", "sweep")): result}
