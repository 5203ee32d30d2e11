"""Predictions as xarray.Datasets: each says of which rule it is, and by which version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from polyak.ground.extras import need
from polyak.ground.version import __version__

if TYPE_CHECKING:
    import xarray as xr


def dataset(rule: object, data: Mapping[str, Any], coords: Mapping[str, Any], /, **about: Any) -> xr.Dataset:
    """The dataset of these variables and coordinates, with `about` among its attributes."""
    need("xarray", what="a table of these numbers", extra="sweep")
    import xarray as xr

    return xr.Dataset(data, coords, {"rule": str(rule), **about, "version": __version__})
