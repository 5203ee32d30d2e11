"""A sweep in a Zarr store: one chunk of the plane a region, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.errors import GroupNotFoundError, UnstableSpecificationWarning

from polyak.errors import PolyakError
from polyak.run.sweeps import local
from polyak.run.sweeps.chunks import Region, count
from polyak.run.sweeps.dataset import coordinates, fill_value, together
from polyak.run.sweeps.job import Job
from polyak.run.sweeps.recording import VARIABLES

FORMAT = 1
PLAN = "polyak_sweep"  # the attribute that says what the store is of
WRITTEN = "chunk_written"  # one number a chunk, set last: only then is a chunk there
Progress = Callable[[int, int], None]


def run_in_store(jobs: dict[str, Job], store: str | Path, progress: Progress) -> Any:
    """Run what the store does not hold yet, and open it."""
    path = prepared(jobs, store)
    jobs = {name: with_chunks_of(path, name, job) for name, job in jobs.items()}
    missing = {name: missing_regions(path, name, job) for name, job in jobs.items()}
    total = sum(job.cells for job in jobs.values())
    done = total - sum(size for found in missing.values() for _, _, size in found)
    progress(done, total)
    for name, job in jobs.items():
        numbers = {region_key(region): number for number, region, _ in missing[name]}
        group = opened(path, name, "r+")

        def compute(region: Region, job: Job = job, group: Any = group, numbers: Any = numbers) -> None:
            write(group, job, numbers[region_key(region)], region)

        done = local.run(compute, [region for _, region, _ in missing[name]], done, total, progress)
    return load(path)


def prepared(jobs: dict[str, Job], store: str | Path) -> str:
    """The store's place, with room for every chunk; one that holds another sweep is refused."""
    path = str(store)
    plan = {name: job.identity() for name, job in jobs.items()}
    found = _plan_of(path)
    if found is not None:
        _refuse_another(path, found["sweeps"], plan)
        _remove_unfinished(path)
        return path
    _check_room(jobs, path)
    chunk = {name: list(job.chunk) for name, job in jobs.items()}
    whole = {PLAN: json.dumps({"format": FORMAT, "sweeps": plan, "chunks": chunk})}
    with _one_line(path):
        if "://" in path:
            _make_room(path, jobs, whole)
        else:
            # Beside its place first, so that a store is there whole or not at all.
            part = Path(path).with_name(f".{Path(path).name}.part")
            shutil.rmtree(part, ignore_errors=True)
            _make_room(str(part), jobs, whole)
            part.replace(path)
    return path


def write(group: Any, job: Job, number: int, region: Region) -> None:
    """Compute a region and write it, the mark that says so last."""
    found = job.compute(region)
    with _one_line(str(group.store)):
        for name, array in found.items():
            group[name][(*region, ...)] = array
            _to_disk(group[name], region)
        group[WRITTEN][number] = 1
        _to_disk(group[WRITTEN], (slice(number, number + 1),))


def load(store: str | Path) -> Any:
    """The result of a sweep in a store, finished or not: read as it is used, nan where no chunk was written.

    Returns an xarray.Dataset, or a DataTree of several rules. Raises PolyakError for a store that is none of a sweep.
    """
    path = str(store)
    plan = _plan_of(path)
    if plan is None:
        raise PolyakError(f"{path}: no such store")
    names = list(plan["sweeps"])
    found = {}
    with _one_line(path):
        for name in names:
            group = None if len(names) == 1 else name
            dataset = xr.open_zarr(path, group=group, chunks=None, mask_and_scale=False, consolidated=False)
            written = int(np.asarray(dataset[WRITTEN]).sum())
            dataset.attrs.pop(PLAN, None)
            dataset.attrs["unfinished_chunks"] = dataset.sizes["chunk"] - written
            if not dataset.attrs["unfinished_chunks"]:
                del dataset.attrs["unfinished_chunks"]
            found[name] = dataset.drop_vars(WRITTEN)[sorted(set(dataset.data_vars) - {WRITTEN}, key=_order)]
    return together(found)


def with_chunks_of(path: str, name: str, job: Job) -> Job:
    """The job with the chunks that the store was made for."""
    from dataclasses import replace

    plan = _plan_of(path)
    assert plan is not None
    return replace(job, chunk=tuple(plan["chunks"][name]))


def missing_regions(path: str, name: str, job: Job) -> list[tuple[int, Region, int]]:
    """The number, the region and the cells of each chunk that is not there."""
    with _one_line(path):
        written = opened(path, name, "r")[WRITTEN][:]
    return [
        (number, region, math.prod(part.stop - part.start for part in region))
        for number, region in enumerate(job.regions())
        if not written[number]
    ]


def opened(path: str, name: str, mode: Any) -> Any:
    """The group of one rule's arrays."""
    plan = _plan_of(path)
    assert plan is not None
    with _one_line(path):
        root = zarr.open_group(path, mode=mode, use_consolidated=False)
    return root if len(plan["sweeps"]) == 1 else root[name]


def region_key(region: Region) -> tuple[tuple[int, int], ...]:
    """A region as something that can be looked up."""
    return tuple((part.start, part.stop) for part in region)


def _make_room(path: str, jobs: dict[str, Job], attrs: dict[str, Any]) -> None:
    """Groups and arrays for every rule; no chunk is written yet."""
    root = zarr.open_group(path, mode="w-")
    for name, job in jobs.items():
        _make_arrays(root, "" if len(jobs) == 1 else name, job)
    root.attrs.update(attrs)


def _make_arrays(root: Any, name: str, job: Job) -> None:
    """Arrays for every variable and coordinate of one rule."""
    group = root.require_group(name) if name else root
    group.attrs.update(json.loads(json.dumps(job.attrs())))
    coords = coordinates(job)
    beside = " ".join(name for name, found in coords.items() if found.dims != (name,))
    for variable, about in job.variables().items():
        behind = about.shape[len(job.shape) :]
        array = group.create_array(
            variable,
            shape=about.shape,
            chunks=(*job.chunk, *behind),
            dtype=about.dtype,
            fill_value=fill_value(about.dtype),
            dimension_names=about.dims,
        )
        array.attrs.update({"long_name": about.meaning, **({"coordinates": beside} if beside else {})})
    chunks = count(job.shape, job.chunk)
    group.create_array(
        WRITTEN, shape=(chunks,), chunks=(1,), dtype="int8", fill_value=0, dimension_names=("chunk",)
    )
    place: dict[str, Any] = {"group": name} if name else {}
    xr.Dataset(coords=coords).to_zarr(root.store, mode="a", consolidated=False, **place)


def _order(variable: Any) -> int:
    """Where a variable stands in a result."""
    ends = [name.format("").strip("_") for name in VARIABLES.values()]
    return next((place for place, end in enumerate(ends) if end and str(variable).startswith(end)), len(ends))


def _plan_of(path: str) -> dict[str, Any] | None:
    """What a store is of; None where there is nothing. Whatever else is there is refused."""
    local_path = Path(path) if "://" not in path else None
    if local_path is not None:
        if not local_path.exists() or (local_path.is_dir() and not any(local_path.iterdir())):
            return None
        if not local_path.is_dir():
            raise PolyakError(f"{path} is no store of a sweep: it is a file")
    try:
        attrs = dict(zarr.open_group(path, mode="r", use_consolidated=False).attrs)
    except FileNotFoundError:
        if local_path is None:
            return None
        raise PolyakError(f"{path} is no store of a sweep: it holds other things") from None
    except (GroupNotFoundError, KeyError, ValueError, TypeError, OSError) as error:
        if local_path is None and isinstance(error, GroupNotFoundError):
            return None
        raise PolyakError(f"{path} is no store of a sweep, or is torn: {_in_short(error)}") from None
    if PLAN not in attrs:
        raise PolyakError(
            f"{path} is no store of a sweep: it was not made by polyak, or its making was cut off"
        )
    try:
        plan: dict[str, Any] = json.loads(str(attrs[PLAN]))
        version = int(plan["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise PolyakError(f"{path} is torn: its plan cannot be read ({_in_short(error)})") from None
    if version > FORMAT:
        raise PolyakError(
            f"{path} was made by a newer polyak: its format is {version}, this one reads {FORMAT}"
        )
    return plan


def _refuse_another(path: str, found: dict[str, Any], plan: dict[str, Any]) -> None:
    if list(found) != list(plan):
        raise PolyakError(
            f"{path} is of another sweep: its rules were {', '.join(found)}, now {', '.join(plan)}"
        )
    differences = [
        f"{what} was {found[name].get(what, 'nothing')}, now {value}"
        for name, about in plan.items()
        for what, value in about.items()
        if found[name].get(what) != value
    ]
    if differences:
        raise PolyakError(f"{path} is of another sweep: {'; '.join(differences)}; name another store")


def _check_room(jobs: dict[str, Job], path: str) -> None:
    """Refuse what the disk does not hold, before anything is computed."""
    if "://" in path:
        return
    place = Path(path).absolute()
    place = next(folder for folder in (place, *place.parents) if folder.exists())
    needed = sum(job.cells * job.recorded_bytes for job in jobs.values())
    free = shutil.disk_usage(place).free
    if needed > free:
        cells = sum(job.cells for job in jobs.values())
        raise PolyakError(
            f"{cells:,} cells take up to {needed / 1e9:,.1f} GB, and {place} has {free / 1e9:,.1f} GB free"
        )


def _remove_unfinished(path: str) -> None:
    """What a killed process had begun to write: files that no array knows."""
    if "://" not in path:
        for part in Path(path).rglob("*.partial"):
            with contextlib.suppress(OSError):
                part.unlink()


def _to_disk(array: Any, region: Region) -> None:
    """Wait until a chunk is on the disk: a loss of power must not undo what is marked as there."""
    root = getattr(array.store, "root", None)
    if root is None:
        return
    first = [part.start // size for part, size in zip(region, array.chunks, strict=False)]
    place = (*first, *[0] * (len(array.shape) - len(first)))
    file = Path(root) / array.path / array.metadata.encode_chunk_key(place)
    with contextlib.suppress(FileNotFoundError):  # a chunk of nothing but the fill value has no file
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _one_line(path: str) -> Iterator[None]:
    """A store that fails, in one line."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnstableSpecificationWarning)  # text as a coordinate
            yield
    except PolyakError:
        raise
    except PermissionError as error:
        raise PolyakError(f"{path} cannot be written: {error.strerror}") from None
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise PolyakError(f"{path} cannot be read or written: {_in_short(error)}") from None


def _in_short(error: Exception) -> str:
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
