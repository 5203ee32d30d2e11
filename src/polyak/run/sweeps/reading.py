"""A sweep's Zarr store as it is read: what it is of, which chunks are there, and its numbers as they are used."""

from __future__ import annotations

import contextlib
import json
import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing
from zarr.errors import GroupNotFoundError, UnstableSpecificationWarning

from polyak.errors import PolyakError
from polyak.run.sweeps.dataset import together

FORMAT = 1
PLAN = "polyak_sweep"  # the attribute that says what the store is of
PARTS = (
    "sweeps",
    "chunks",
    "variables",
)  # of the plan, by rule: its identity, a chunk's shape, the arrays' names
WRITTEN = "chunk_written"  # one number a chunk, set last: only then is a chunk there


def load(store: str | Path) -> Any:
    """The result of a sweep in a store, finished or not: read as it is used, nan where no chunk was written.

    Returns an xarray.Dataset, or a DataTree of several rules. Raises PolyakError for a store that is none of a sweep.
    """
    path = str(store)
    plan = plan_of(path)
    if plan is None:
        raise PolyakError(f"{path}: no such store")
    names = list(plan["sweeps"])
    found = {}
    with one_line(path), text_allowed():
        for name in names:
            group = None if len(names) == 1 else name
            dataset = xr.open_zarr(path, group=group, chunks=None, mask_and_scale=False, consolidated=False)
            dataset.attrs.pop(PLAN, None)
            if unfinished := int((~chunks_there(path, name)).sum()):
                dataset.attrs["unfinished_chunks"] = unfinished
            coords = dataset.drop_vars(list(dataset.data_vars)).load()
            arrays = opened(path, name, "r")
            found[name] = coords.assign(
                {
                    variable: _lazy(dataset[variable].variable, arrays[variable], path)
                    for variable in plan["variables"][name]
                }
            )
    return together(found)


def plan_of(path: str) -> dict[str, Any] | None:
    """What a store is of; None where there is nothing. Whatever else is there is refused."""
    try:
        if "://" not in path:
            place = Path(path)
            if not place.exists() or (place.is_dir() and not any(place.iterdir())):
                return None
            if not place.is_dir():
                raise PolyakError(f"{path} is no store of a sweep: it is a file")
        attrs = dict(zarr.open_group(path, mode="r", use_consolidated=False).attrs)
    except PolyakError:
        raise
    except (FileNotFoundError, GroupNotFoundError):
        if "://" in path:
            return None
        raise PolyakError(f"{path} is no store of a sweep: it holds other things") from None
    except Exception as error:  # what is torn fails in many ways
        raise PolyakError(f"{path} is no store of a sweep, or is torn: {_in_short(error)}") from None
    if PLAN not in attrs:
        raise PolyakError(f"{path} is no store of a sweep: it was not made by polyak")
    try:
        plan: dict[str, Any] = json.loads(str(attrs[PLAN]))
        version = int(plan["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise PolyakError(f"{path} is torn: its plan cannot be read ({_in_short(error)})") from None
    if version > FORMAT:
        raise PolyakError(
            f"{path} was made by a newer polyak: its format is {version}, this one reads {FORMAT}"
        )
    names = [list(part) if isinstance(part := plan.get(what), dict) else None for what in PARTS]
    if names[0] is None or any(found != names[0] for found in names):
        raise PolyakError(f"{path} is torn: its plan does not hold {', '.join(PARTS)} of each rule")
    return plan


def opened(path: str, name: str, mode: Any) -> Any:
    """The group of one rule's arrays."""
    plan = plan_of(path)
    assert plan is not None
    with one_line(path):
        root = zarr.open_group(path, mode=mode, use_consolidated=False)
        return root if len(plan["sweeps"]) == 1 else root[name]


def chunks_there(path: str, name: str) -> NDArray[np.bool_]:
    """Which chunks of a rule are marked as written and, where the store is on a disk, have not been lost since."""
    plan, group = plan_of(path), opened(path, name, "r")
    assert plan is not None
    with one_line(path):
        there: NDArray[np.bool_] = group[WRITTEN][:] == 1
        arrays, chunk = [group[variable] for variable in plan["variables"][name]], plan["chunks"][name]
        along = [-(-length // size) for length, size in zip(arrays[0].shape, chunk, strict=False)]
        if len(there) != math.prod(along):
            raise PolyakError(
                f"{path} is torn: it says of {len(there)} chunks that they are there, not of {along}"
            )
        root = getattr(group.store, "root", "")
        for number in np.flatnonzero(there) if root else ():
            place = [int(k) for k in np.unravel_index(number, along)]
            there[number] = all((Path(root) / file_of(array, place)).is_file() for array in arrays)
    return there


def file_of(array: Any, place: Sequence[int]) -> str:
    """The name in the store of the chunk at a place along the plane's axes; behind them an array is in one piece."""
    whole = (*place, *[0] * (len(array.shape) - len(place)))
    return f"{array.path}/{array.metadata.encode_chunk_key(whole)}"


class _OnDisk(BackendArray):
    """An array of the store, read where it is looked at; what is torn in it is said in one line."""

    def __init__(self, array: Any, path: str) -> None:
        self.array, self.path = array, path
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key: Any) -> Any:
        kind = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, kind, self._read)

    def _read(self, key: Any) -> Any:
        with one_line(f"{self.path}, {self.array.basename},"):
            return self.array.oindex[key]


def _lazy(variable: Any, array: Any, path: str) -> xr.Variable:
    data = indexing.LazilyIndexedArray(_OnDisk(array, path))
    return xr.Variable(variable.dims, data, variable.attrs, variable.encoding)


@contextlib.contextmanager
def one_line(path: str) -> Iterator[None]:
    """A store that fails, in one line."""
    try:
        yield
    except PolyakError:
        raise
    except PermissionError as error:
        raise PolyakError(f"{path} cannot be written: {error.strerror}") from None
    except Exception as error:  # what is torn fails in many ways
        raise PolyakError(f"{path} cannot be read or written: {_in_short(error)}") from None


@contextlib.contextmanager
def text_allowed() -> Iterator[None]:
    """Without Zarr's word on how text is stored, of which there is some as a coordinate; not for threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnstableSpecificationWarning)
        yield


def _in_short(error: Exception) -> str:
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
