"""The result of a sweep of one rule as an xarray.Dataset."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from polyak.sweeps.search_space import hyperparameters_of
from polyak.sweeps.setup import Setup

NOT_YET = -2  # of a whole number that no chunk has written
MOMENTA = ("momentum", "beta1", "b1")  # whose memory is shown beside them


def empty(setup: Setup) -> dict[str, np.ndarray]:
    """Room for every variable."""
    return {name: np.empty(about.shape, about.dtype) for name, about in setup.variables().items()}


def fill_value(dtype: str) -> float | str:
    """What stands where no chunk was written yet."""
    kind = np.dtype(dtype).kind
    return NOT_YET if kind == "i" else "" if kind == "U" else np.nan


def dataset(setup: Setup, arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
    """The arrays with their dimensions, coordinates, units and attributes."""
    variables = {
        name: xr.Variable(about.dims, arrays[name], {"long_name": about.meaning})
        for name, about in setup.variables().items()
    }
    return xr.Dataset(variables, coordinates(setup), setup.attrs())


def coordinates(setup: Setup) -> dict[str, xr.Variable]:
    """The values along each dimension: settings, seeds, steps and coordinates of x."""
    found = {}
    for name, numbers in setup.coordinates.items():
        dim = name if setup.sampling == "grid" else "cell"
        found[name] = _setting(setup, name, dim, numbers)
        if name in MOMENTA:
            found["memory"] = _memory(dim, numbers)
    if setup.on.seeded:
        found["seed"] = xr.Variable("seed", np.array(setup.seeds))
    recorded = {dim for variable in setup.variables().values() for dim in variable.dims}
    if "step" in recorded:
        steps = setup.on.recorded_steps()
        found["step"] = xr.Variable("step", steps, {"long_name": "step", "units": "steps"})
    if "coordinate" in recorded:
        names = [f"x{k + 1}" for k in range(setup.on.sizes()["coordinate"])]
        found["coordinate"] = xr.Variable("coordinate", names)
    return found


def _setting(setup: Setup, name: str, dim: str, numbers: NDArray[np.float64]) -> xr.Variable:
    """The values of a setting, with what is known of it."""
    about = hyperparameters_of(setup.space.rule).get(name)
    attrs = {
        "long_name": about.meaning if about else name.replace("_", " "),
        "units": "1",
        "scale": setup.space.axes[name].scale,
        **({"symbol": about.symbol} if about else {}),
    }
    return xr.Variable(dim, numbers, attrs)


def _memory(dim: str, momenta: NDArray[np.float64]) -> xr.Variable:
    with np.errstate(divide="ignore"):
        memory = 1 / (1 - momenta)
    return xr.Variable(dim, memory, {"long_name": "memory, 1/(1 - momentum)", "units": "steps"})
