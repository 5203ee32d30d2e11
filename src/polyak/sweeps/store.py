"""A sweep in a Zarr store: one chunk of the plane a region, written whole or not at all."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
import zarr

from polyak.ground.progress import Progress
from polyak.sweeps import local
from polyak.sweeps.chunks import Region, count, size
from polyak.sweeps.claims import Claims, shared_out
from polyak.sweeps.creation import prepared
from polyak.sweeps.job import Job
from polyak.sweeps.layout import layouts
from polyak.sweeps.loading import Array, array_of, chunks_there, load, named
from polyak.sweeps.places import Place, one_line
from polyak.sweeps.plan import WRITTEN, Plan, plan_of
from polyak.sweeps.results import SweepResult


class Chunk(NamedTuple):
    """A chunk of one rule's plane.

    Attributes:
        name: the rule's.
        number: in the plane.
        region: of it.
        cells: that are in it.
        claim: its number in the store, where each rule's chunks follow the last one's.
    """

    name: str
    number: int
    region: Region
    cells: int
    claim: int


class Store(NamedTuple):
    """A store that is being written.

    Attributes:
        place: where it stands.
        plan: what it is of.
        jobs: with the chunks that it was made for.
    """

    place: Place
    plan: Plan
    jobs: dict[str, Job]

    def claims(self) -> Claims:
        """Of this process, among all that work on it."""
        return Claims(self.place, f"{self.plan.folder(next(iter(self.jobs)))}{WRITTEN}")

    def has(self, chunk: Chunk) -> bool:
        """Whether a chunk was written by now."""
        return self.place.has(f"{self.plan.folder(chunk.name)}{WRITTEN}/c/{chunk.number}")

    def group(self, name: str) -> zarr.Group:
        """The group of one rule's arrays, to be written."""
        return group_of(self.place, self.plan.folder(name))

    def missing(self) -> list[Chunk]:
        """The chunks that are not there. What was damaged is said in a line: it is computed anew."""
        missing: list[Chunk] = []
        damaged: list[str] = []
        about = layouts(self.place, self.plan)
        numbers = [count(job.shape, job.chunk) for job in self.jobs.values()]
        for (name, job), first in zip(self.jobs.items(), accumulate(numbers, initial=0), strict=False):
            there, lost = chunks_there(self.place, self.plan, name, about, verify=True)
            with one_line(self.place.text):
                for number, files in lost.items():
                    # Its mark alone: another process may have written the numbers by now.
                    self.place.remove(f"{self.plan.folder(name)}{WRITTEN}/c/{number}")
                    damaged += files
            missing += [
                Chunk(name, number, region, size(region), first + number)
                for number, region in enumerate(job.regions())
                if not there[number]
            ]
        if damaged:
            what = "was damaged or lost and is" if len(damaged) == 1 else "were damaged or lost and are"
            warnings.warn(f"{self.place.text}: {named(damaged)} {what} computed anew", stacklevel=2)
        return missing

    def shared_out(self, chunks: list[Chunk], claims: Claims) -> Iterator[tuple[Chunk, bool]]:
        """The chunks one after the other, and whether each is ours to compute."""
        return shared_out(chunks, lambda chunk: chunk.claim, self.has, claims, self.place)


def run_in_store(jobs: dict[str, Job], store: str | Path, progress: Progress) -> SweepResult:
    """Run what the store does not hold yet, and open it."""
    begun = begin(jobs, store)
    with begun.claims() as claims:
        missing = begun.missing()
        total = sum(job.cells for job in begun.jobs.values())
        done = total - sum(chunk.cells for chunk in missing)
        progress(done, total)
        for name, job in begun.jobs.items():
            mine = [chunk for chunk in missing if chunk.name == name]
            tasks = _tasks(begun, mine, claims)
            done = local.run(tasks, done, total, progress, first_alone=job.one_by_one)
    return load(begun.place)


def begin(jobs: dict[str, Job], store: str | Path | Place) -> Store:
    """The store with room for every chunk, and the jobs with the chunks that it was made for."""
    place = prepared(jobs, store)
    plan = plan_of(place)
    assert plan is not None
    cut = {name: replace(job, chunk_asked=tuple(plan.chunks[name])) for name, job in jobs.items()}
    return Store(place, plan, cut)


def group_of(place: Place, folder: str) -> zarr.Group:
    """The group of one rule's arrays, to be written."""
    with one_line(place.text):
        return zarr.open_group(
            place.zarr(read_only=False),
            path=folder.rstrip("/"),
            mode="r+",
            zarr_format=3,
            use_consolidated=False,
        )


def write(place: Place, group: zarr.Group, job: Job, number: int, region: Region) -> None:
    """Compute a region and write it, the mark that says so last."""
    variables = job.compute(region)
    with one_line(place.text):
        for name, numbers in variables.items():
            _write(place, array_of(group, name), region, numbers)
        _write(place, array_of(group, WRITTEN), (slice(number, number + 1),), 1)


def _tasks(store: Store, chunks: list[Chunk], claims: Claims) -> Iterator[tuple[int, Callable[[], None]]]:
    """Chunks to compute, as they are claimed."""
    if not chunks:
        return
    name = chunks[0].name
    group, job = store.group(name), store.jobs[name]
    for chunk, mine in store.shared_out(chunks, claims):
        task = partial(write, store.place, group, job, chunk.number, chunk.region)
        yield chunk.cells, partial(_and_give_back, task if mine else None, claims, chunk.claim)


def _and_give_back(task: Callable[[], None] | None, claims: Claims, claim: int) -> None:
    try:
        if task is not None:
            task()
    finally:
        claims.give_back(claim)


def _write(place: Place, array: Array, region: Region, numbers: np.ndarray | int) -> None:
    """Write a chunk, and wait until it is there."""
    # A chunk of nothing but the fill value too: a chunk that has no file is one that is lost.
    everywhere: tuple[slice, ...] = (*region, *[slice(None)] * (array.ndim - len(region)))
    array.with_config({"write_empty_chunks": True})[everywhere] = numbers
    at = [part.start // length for part, length in zip(region, array.chunks, strict=False)]
    at += [0] * (len(array.shape) - len(at))
    place.settle(f"{array.path}/{array.metadata.encode_chunk_key(tuple(at))}")
