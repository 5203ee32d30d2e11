"""A sweep in a Zarr store: one chunk of the plane a region, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr
import zarr
from zarr.codecs import ZstdCodec

from polyak.errors import PolyakError
from polyak.run.progress import Progress
from polyak.run.sweeps import local
from polyak.run.sweeps.chunks import Region, count, size
from polyak.run.sweeps.dataset import coordinates, fill_value
from polyak.run.sweeps.job import Job
from polyak.run.sweeps.reading import (
    FORMAT,
    PLAN,
    WRITTEN,
    chunks_there,
    file_of,
    load,
    one_line,
    opened,
    plan_of,
    text_allowed,
)

HASHES = ("step", "numbers", "function", "loss", "data")  # of an identity, in no words
COMPRESSED = ZstdCodec(checksum=True)  # what is torn on the disk is an error, not numbers


class Chunk(NamedTuple):
    """A chunk of one rule's plane: its number, its region and how many cells that has."""

    name: str
    number: int
    region: Region
    cells: int


def run_in_store(jobs: dict[str, Job], store: str | Path, progress: Progress) -> Any:
    """Run what the store does not hold yet, and open it."""
    path = prepared(jobs, store)
    jobs, missing = left_of(path, jobs)
    total = sum(job.cells for job in jobs.values())
    done = total - sum(chunk.cells for chunk in missing)
    progress(done, total)
    for name, job in jobs.items():
        group = opened(path, name, "r+")
        tasks = [
            (chunk.cells, partial(write, group, job, chunk.number, chunk.region))
            for chunk in missing
            if chunk.name == name
        ]
        done = local.run(tasks, done, total, progress)
    return load(path)


def prepared(jobs: dict[str, Job], store: str | Path) -> str:
    """The store's place, with room for every chunk; one that holds another sweep is refused."""
    if not isinstance(store, str | os.PathLike) or not str(store):
        raise PolyakError(f"store is {store!r}, expected a folder's name, such as plane.zarr")
    path = str(store)
    plan = {name: job.identity() for name, job in jobs.items()}
    found = plan_of(path)
    if found is not None:
        _refuse_another(path, found["sweeps"], plan)
        remove_unfinished(path)
        return path
    _check_room(jobs, path)
    chunk = {name: list(job.chunk) for name, job in jobs.items()}
    variables = {name: list(job.variables()) for name, job in jobs.items()}
    about = {"format": FORMAT, "sweeps": plan, "chunks": chunk, "variables": variables}
    whole = {PLAN: json.dumps(about)}
    with one_line(path), text_allowed():
        if "://" in path:
            _make_room(path, jobs, whole)
        else:
            # Beside its place first, so that a store is there whole or not at all.
            part = Path(path).with_name(f".{Path(path).name}.part")
            shutil.rmtree(part, ignore_errors=True)
            _make_room(str(part), jobs, whole)
            for file in (*part.rglob("*"), part):
                _to_disk(file)
            part.replace(path)
            _to_disk(Path(path).absolute().parent)
    return path


def write(group: Any, job: Job, number: int, region: Region) -> None:
    """Compute a region and write it, the mark that says so last."""
    found = job.compute(region)
    with one_line(str(group.store)):
        for name, array in found.items():
            _write(group[name], region, array)
        _write(group[WRITTEN], (slice(number, number + 1),), 1)


def left_of(path: str, jobs: dict[str, Job]) -> tuple[dict[str, Job], list[Chunk]]:
    """The jobs with the chunks that the store was made for, and the chunks that are not there."""
    plan = plan_of(path)
    assert plan is not None
    cut = {name: replace(job, chunk_asked=tuple(plan["chunks"][name])) for name, job in jobs.items()}
    missing = []
    for name, job in cut.items():
        there = chunks_there(path, name)
        missing += [
            Chunk(name, number, region, size(region))
            for number, region in enumerate(job.regions())
            if not there[number]
        ]
    return cut, missing


def _make_room(path: str, jobs: dict[str, Job], attrs: dict[str, Any]) -> None:
    """Groups and arrays for every rule; no chunk is written yet."""
    root = zarr.open_group(path, mode="w-")
    for name, job in jobs.items():
        _make_arrays(root, "" if len(jobs) == 1 else name, job)
    root.attrs.update(attrs)


def _make_arrays(root: Any, name: str, job: Job) -> None:
    """Arrays for every variable and coordinate of one rule."""
    group = root.require_group(name) if name else root
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
            compressors=COMPRESSED,
            dimension_names=about.dims,
        )
        array.attrs.update({"long_name": about.meaning, **({"coordinates": beside} if beside else {})})
    chunks = count(job.shape, job.chunk)
    group.create_array(
        WRITTEN, shape=(chunks,), chunks=(1,), dtype="int8", fill_value=0, dimension_names=("chunk",)
    )
    place: dict[str, Any] = {"group": name} if name else {}
    for found in coords.values():
        found.encoding["_FillValue"] = None  # none is missing
    xr.Dataset(coords=coords).to_zarr(root.store, mode="a", consolidated=False, **place)
    group.attrs.update(json.loads(json.dumps(job.attrs())))  # last: what xarray writes has none


def _refuse_another(path: str, found: dict[str, Any], plan: dict[str, Any]) -> None:
    if list(found) != list(plan):
        raise PolyakError(
            f"{path} is of another sweep: its rules were {', '.join(found)}, now {', '.join(plan)}; "
            "name another store"
        )
    differences = {
        what: f"{what} was {found[name].get(what, 'nothing')}, now {value}"
        for name, about in plan.items()
        for what, value in about.items()
        if found[name].get(what) != value
    }
    if differences:
        # What a hash tells too is only said where nothing else does.
        told = [text for what, text in differences.items() if what not in HASHES] or [*differences.values()]
        raise PolyakError(f"{path} is of another sweep: {'; '.join(told)}; name another store")


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


def remove_unfinished(path: str) -> None:
    """What a killed process had begun to write: files that no array knows."""
    if "://" not in path:
        for part in Path(path).rglob("*.partial"):
            with contextlib.suppress(OSError):
                part.unlink()


def _write(array: Any, region: Region, numbers: Any) -> None:
    """Write a chunk, and wait until it is on the disk: a loss of power must not undo what is marked as there."""
    # A chunk of nothing but the fill value too: a chunk that has no file is one that is lost.
    array.with_config({"write_empty_chunks": True})[(*region, ...)] = numbers
    root = getattr(array.store, "root", None)
    if root is not None:
        file = Path(root) / file_of(
            array, [part.start // length for part, length in zip(region, array.chunks, strict=False)]
        )
        _to_disk(file)
        _to_disk(file.parent)


def _to_disk(file: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
