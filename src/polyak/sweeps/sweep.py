"""Sweep the settings of a rule: every cell of a plane run, and the plane as one result."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.ground.numbers import readable
from polyak.ground.precision import checked_dtype
from polyak.ground.progress import Progress, silent
from polyak.landscapes import Landscape, as_landscape
from polyak.problems import Problem
from polyak.run.affordable import MOST_STEPS
from polyak.run.seeds import seeds_from
from polyak.sweeps import local
from polyak.sweeps.chunks import Region, size
from polyak.sweeps.dataset import dataset, empty, together
from polyak.sweeps.job import Job, Target
from polyak.sweeps.on_landscape import OnLandscape
from polyak.sweeps.on_problem import OnProblem
from polyak.sweeps.plane import SAMPLINGS, Plane, numbered, over
from polyak.sweeps.recording import Recording

MOST_IN_MEMORY = 1 << 32  # bytes of a result that no store takes
MOST_CELLS = 10**12  # that are drawn


def sweep(
    rule: Any,
    *,
    on: Any = "ravine",
    steps: int = 100,
    epochs: int = 2,
    batch_size: int = 10,
    seed: int = 0,
    seeds: int | Sequence[int] | None = None,
    record: str | Sequence[str] = ("final", "diverged_at"),
    every: int | None = None,
    target: float | None = None,
    sampling: str = "grid",
    cells: int | None = None,
    dtype: str | None = None,
    chunk: int | None = None,
    store: str | Path | None = None,
    cluster: str | Any = None,
    workers: int | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Any:
    r"""Run a rule with every setting of a plane, on a landscape or on real data.

    Args:
        rule: one of our rules, an Optax factory, a page's function as a rule; or a list of what `over` returns, for
            several rules, each on axes of its own.
        on: a landscape (a name, a Landscape, f(x1, x2)) or a problem.
        steps: of each descent.
        epochs, batch_size: of each training.
        seed, seeds: of the trainings, as in `train`; each seed is one more run of every cell.
        record: some of "final", "best", "diverged_at", "steps_to_target", "values" (every so often) and, on a
            landscape, "positions".
        every: the value is looked at after each so many steps (1 by default), a training's loss each so many rows
            (an epoch's end by default).
        target: a value to reach, for "steps_to_target".
        sampling: "grid" for every combination; "random" or "latin_hypercube" for `cells` cells drawn.
        cells: how many are drawn, by `seed`.
        dtype: float64 or float32; by default what `descend` and `train` take.
        chunk: cells that are computed and written together; chosen to suit the work by default.
        store: a Zarr store that keeps every finished chunk: the same call goes on where it stopped. A folder, or an
            address such as s3://bucket/plane.zarr; several processes may work on one.
        cluster: a Dask scheduler's address or a distributed.Client; the chunks run there. Needs a store.
        workers: as many single-threaded Dask workers on this machine instead. Needs a store.
        progress: called with (cells done, cells in all).
        settings: the rule's settings by name: a number, or an axis (`log`, `linear`, `memory`, `values`, a list).

    Returns an xarray.Dataset with a dimension for each axis, and one for the seeds of a training; of several rules a
    DataTree. Divergence is no error. Each cell is what the run alone is, up to rounding in the last place.

    Raises PolyakError for input that cannot be used; nothing is written then.

    >>> import polyak as pk
    >>> ds = pk.sweep(pk.HeavyBall, on="ravine", steps=20, lr=[0.4, 0.6], momentum=[0, 0.5])
    >>> dict(ds.sizes), float(ds.final_value.sel(lr=0.6, momentum=0.5).round(6))
    ({'lr': 2, 'momentum': 2}, 1.8e-05)
    """
    planes = _planes(rule, settings)
    where = _target(on, steps, epochs, batch_size, every, dtype)
    if not isinstance(sampling, str) or sampling not in SAMPLINGS:
        raise unknown("sampling", str(sampling), SAMPLINGS)
    drawn = _drawn(sampling, cells)
    numbers = _seeds(where, seed, seeds)
    recording = Recording.of(record, where.quantity, target)
    seed = whole_number("seed", seed, at_least=0)
    asked = None if chunk is None else whole_number("chunk", chunk, at_least=1)
    jobs = {
        name: Job(plane, where, numbers, recording, sampling, drawn, seed, asked)
        for name, plane in planes.items()
    }
    progress = progress or silent
    if cluster is not None or workers is not None:
        if store is None:
            raise PolyakError("a sweep on workers needs a store: they write what they compute themselves")
        from polyak.sweeps.cluster import run_on_cluster

        return run_on_cluster(jobs, store, cluster, workers, progress)
    if store is not None:
        from polyak.sweeps.store import run_in_store

        return run_in_store(jobs, store, progress)
    return _in_memory(jobs, progress)


def _in_memory(jobs: dict[str, Job], progress: Progress) -> Any:
    needed = sum(job.cells * job.recorded_bytes for job in jobs.values())
    if needed > MOST_IN_MEMORY:
        large = readable(needed / 1e9, 6, places=1)
        raise PolyakError(f"a result of {large} GB does not fit into memory: give it a store")
    total, done = sum(job.cells for job in jobs.values()), 0
    found = {}
    for name, job in jobs.items():
        arrays = empty(job)
        tasks = ((size(region), partial(_keep, arrays, job, region)) for region in job.regions())
        done = local.run(tasks, done, total, progress)
        found[name] = dataset(job, arrays)
    return together(found)


def _keep(arrays: dict[str, Any], job: Job, region: Region) -> None:
    for variable, array in job.compute(region).items():
        arrays[variable][region] = array


def _planes(rule: Any, settings: dict[str, Any]) -> dict[str, Plane]:
    """Each rule on its axes, by name; two of one name are numbered."""
    if isinstance(rule, list | tuple) and not hasattr(rule, "update"):
        if settings:
            raise PolyakError(
                f"{next(iter(settings))} has no place beside several rules: give it to each, by over(...)"
            )
        given = list(rule)
    else:
        given = [rule if isinstance(rule, Plane) and not settings else over(rule, **settings)]
    found: dict[str, Plane] = {}
    for plane in given:
        if not isinstance(plane, Plane):
            raise PolyakError(f"{plane!r} is not a rule on its axes, expected over(rule, lr=log(...))")
        if not plane.axes:
            raise PolyakError(
                f"{plane.name} has no axis: give one of its settings as log(1e-3, 1, 50) or as a list"
            )
        # What a store may call a group.
        found[numbered(plane.name.replace(":", "_").replace("/", "_"), found, "_#")] = plane
    if not found:
        raise PolyakError("no rule is given, expected one or several")
    return found


def _target(on: Any, steps: Any, epochs: Any, batch_size: Any, every: Any, dtype: Any) -> Target:
    if dtype is not None:
        dtype = checked_dtype(dtype)
    if isinstance(on, Problem):
        rows = on.data.rows
        every = rows if every is None else min(whole_number("every", every, at_least=1), 2 * rows)
        batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=rows)
        return OnProblem(
            on, batch_size, whole_number("epochs", epochs, at_least=1), every, dtype or "float32"
        )
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    every = 1 if every is None else min(whole_number("every", every, at_least=1), steps)
    landscape: Landscape = as_landscape(on)
    return OnLandscape(landscape, steps, every, dtype or "float64")


def _seeds(on: Target, seed: Any, seeds: Any) -> tuple[int, ...]:
    if on.seeded:
        found = seeds_from(seed, seeds)
        if len(set(found)) < len(found):
            twice = next(number for number in found if found.count(number) > 1)
            raise PolyakError(f"seed {twice} is given twice, expected each seed once")
        return found
    if seeds is not None:
        raise PolyakError("seeds have no place on a landscape, where nothing is drawn")
    return ()


def _drawn(sampling: str, cells: Any) -> int:
    if sampling == "grid":
        if cells is not None:
            raise PolyakError(
                "cells has no place with a grid, whose axes say how many: use random or latin_hypercube"
            )
        return 0
    if cells is None:
        raise PolyakError(f"{sampling} needs cells: how many are drawn")
    return whole_number("cells", cells, at_least=1, at_most=MOST_CELLS)
