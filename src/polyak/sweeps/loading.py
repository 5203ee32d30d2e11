"""A sweep's store as it is read: which chunks are there, and its numbers as they are used."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from polyak.ground.errors import PolyakError
from polyak.sweeps.empty_store import text_allowed
from polyak.sweeps.lanes import cores
from polyak.sweeps.layout import Bounded, Layout, coordinate_names, layouts
from polyak.sweeps.places import Folder, Place, one_line, place_of
from polyak.sweeps.plan import ANEW, CHECKSUM, PLAN, WRITTEN, Plan, plan_of
from polyak.sweeps.results import SweepResult, together
from polyak.sweeps.zstd_frames import is_whole

Array: TypeAlias = "zarr.Array[Any]"

MARK = b"\x01"
MOST_NAMED = 3  # of files that are damaged


def load(store: str | Path | Place) -> SweepResult:
    """The result of a sweep in a store, finished or not: read as it is used, nan where no chunk was written.

    Returns an xarray.Dataset, or a DataTree of several rules. Raises PolyakError for a store that is none of a sweep,
    and for one that is damaged where no chunk is.
    """
    place = place_of(store)
    plan = plan_of(place)
    if plan is None:
        raise PolyakError(f"{place.text}: no such store")
    datasets = {}
    with one_line(place.text), text_allowed():
        if damaged := plan.damaged(place):
            raise PolyakError(f"{place.text} is damaged: {named(damaged)}; {ANEW}")
        about = layouts(place, plan)
        for name in plan.sweeps:
            datasets[name] = _dataset(place, plan, about, name)
    return together(datasets)


def _dataset(place: Place, plan: Plan, about: dict[str, Layout], name: str) -> xr.Dataset:
    folder = plan.folder(name)
    group = opened(place, plan, name, about)
    attrs = {key: value for key, value in group.attrs.items() if key not in (PLAN, CHECKSUM)}
    there, lost = chunks_there(place, plan, name, about)
    if lost:
        files = [file for of_chunk in lost.values() for file in of_chunk]
        warnings.warn(
            f"{place.text}: {named(files)} damaged or lost: what was there counts as unfinished; {ANEW}",
            stacklevel=4,
        )
    if unfinished := int((~there).sum()):
        attrs["unfinished_chunks"] = unfinished
    results = {variable: about[folder + variable] for variable in plan.variables[name]}
    coords = {}
    for coordinate in coordinate_names(results.values()):
        if layout := about.get(folder + coordinate):
            array = array_of(group, coordinate)
            check_memory(place, layout.shape, layout.item)
            coords[coordinate] = xr.Variable(layout.dims, array[:], dict(array.attrs))
    variables = {
        variable: _lazy(place, array_of(group, variable), layout) for variable, layout in results.items()
    }
    return xr.Dataset(variables, coords, attrs)


def opened(place: Place, plan: Plan, name: str, about: dict[str, Layout]) -> zarr.Group:
    """The group of one rule's arrays, to be read."""
    with one_line(place.text):
        return zarr.open_group(
            Bounded(place.zarr(), about),
            path=plan.folder(name).rstrip("/"),
            mode="r",
            zarr_format=3,
            use_consolidated=False,
        )


def array_of(group: zarr.Group, name: str) -> Array:
    """An array of a group."""
    array = group[name]
    assert isinstance(array, zarr.Array)
    return array


def chunks_there(
    place: Place, plan: Plan, name: str, about: dict[str, Layout], *, verify: bool = False
) -> tuple[NDArray[np.bool_], dict[int, list[str]]]:
    """Which chunks of a rule are marked as written and have not been lost since; of those that were, the files.

    Args:
        place: of the store.
        plan: of the store.
        name: of the rule in it.
        about: the layout of every array.
        verify: whether to see that every chunk has its checksum, too. Not in an object store, which sees to that and
            puts objects whole.
    """
    folder = plan.folder(name)
    with one_line(place.text):
        results = {variable: about[folder + variable] for variable in plan.variables[name]}
        along = about[folder + WRITTEN].shape[0]
        check_memory(place, (along,), 1)
        there, lost = np.zeros(along, np.bool_), defaultdict(list)
        for mark, content in place.read_many(place.names(f"{folder}{WRITTEN}/c")).items():
            last = mark.rpartition("/")[2]
            if last.isdecimal() and int(last) < along:
                there[int(last)] = content == MARK
                if not there[int(last)]:
                    lost[int(last)].append(mark)
        for variable, layout in results.items():
            files = dict(_files(folder + variable, layout, np.flatnonzero(there), plan.chunks[name]))
            gone = set(files.values()) - place.names(f"{folder}{variable}/c")
            if verify and isinstance(place, Folder):
                gone |= torn(place, sorted(set(files.values()) - gone), layout.chunk_bytes)
            for number, file in files.items():
                if file in gone:
                    lost[number].append(file)
        there[list(lost)] = False
    return there, lost


def torn(place: Place, files: Sequence[str], size: int) -> set[str]:
    """Those of some chunks that do not have their checksum, on all cores."""
    with ThreadPoolExecutor(cores()) as pool:
        whole = pool.map(lambda file: is_whole(place.read(file) or b"", size), files)
        return {file for file, sound in zip(files, whole, strict=True) if not sound}


def file_of(name: str, layout: Layout, number: int, chunk: Sequence[int]) -> str:
    """The name in the store of a chunk, by its number; behind the plane's axes an array is in one piece."""
    along = [-(-length // size) for length, size in zip(layout.shape, chunk, strict=False)]
    at = [*map(int, np.unravel_index(number, along)), *[0] * (len(layout.shape) - len(along))]
    return "/".join([name, "c", *map(str, at)])


def _files(
    name: str, layout: Layout, numbers: Iterable[np.integer], chunk: Sequence[int]
) -> Iterable[tuple[int, str]]:
    return ((int(number), file_of(name, layout, int(number), chunk)) for number in numbers)


def named(files: Sequence[str]) -> str:
    """The first of some files, and how many more there are."""
    more = len(files) - MOST_NAMED
    return ", ".join(islice(files, MOST_NAMED)) + (f" and {more} more" if more > 0 else "")


def check_memory(place: Place, shape: Sequence[int], item: int) -> None:
    """Refuse to make room for what does not fit into memory."""
    import psutil

    needed, free = float(np.prod(shape, dtype=np.float64)) * item, psutil.virtual_memory().available
    if needed > free:
        raise PolyakError(
            f"{place.text}: {needed / 1e9:,.1f} GB are to be read, and {free / 1e9:,.1f} GB of memory are free"
        )


class _Stored(BackendArray):
    """An array of the store, read where it is looked at; what is torn in it is said in one line."""

    def __init__(self, place: Place, array: Array, layout: Layout) -> None:
        self.place, self.array, self.layout = place, array, layout
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray:
        kind = indexing.IndexingSupport.OUTER
        numbers: np.ndarray = indexing.explicit_indexing_adapter(key, self.shape, kind, self._read)
        return numbers

    def _read(self, key: tuple[slice | NDArray[np.int64], ...]) -> np.ndarray:
        taken = [
            len(range(*part.indices(length))) if isinstance(part, slice) else np.size(part)
            for part, length in zip(key, self.shape, strict=True)
        ]
        check_memory(self.place, taken, self.dtype.itemsize)
        with one_line(f"{self.place.text}, {self.array.basename},"):
            try:
                return np.asarray(self.array.oindex[key])
            except Exception:
                self._say_which()
                raise

    def _say_which(self) -> None:
        """Name the chunks that cannot be read."""
        files = sorted(self.place.names(f"{self.array.path}/c"))
        if damaged := sorted(torn(self.place, files, self.layout.chunk_bytes)):
            raise PolyakError(
                f"{self.place.text} is damaged: {named(damaged)} cannot be read; {ANEW}"
            ) from None


def _lazy(place: Place, array: Array, layout: Layout) -> xr.Variable:
    data = indexing.LazilyIndexedArray(_Stored(place, array, layout))
    attrs = {name: value for name, value in array.attrs.items() if name != "coordinates"}
    return xr.Variable(layout.dims, data, attrs)
