"""Sweep the settings of a rule: every cell of a plane run, and the plane as one result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from polyak.data import Data
from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.ground.extras import need
from polyak.ground.numbers import readable
from polyak.ground.precision import checked_dtype
from polyak.ground.progress import Progress, unasked
from polyak.landscapes import Landscape, as_landscape
from polyak.models import Model
from polyak.models.task import ModelTask, as_task
from polyak.problems import Problem, Task
from polyak.run.affordable import MOST_STEPS
from polyak.run.seeds import seeds_from
from polyak.run.train import batch_size_of
from polyak.sweeps import local
from polyak.sweeps.chunks import Region, size
from polyak.sweeps.job import Job
from polyak.sweeps.on_landscape import OnLandscape
from polyak.sweeps.on_problem import OnProblem
from polyak.sweeps.recording import Recording
from polyak.sweeps.results import SweepResult, together
from polyak.sweeps.sampling import SAMPLINGS
from polyak.sweeps.search_space import SearchSpace, SettableRule, numbered, search_space
from polyak.sweeps.setup import RunOn

if TYPE_CHECKING:
    from distributed import Client

MOST_IN_MEMORY = 1 << 32  # bytes of a result that no store takes
MOST_CELLS = 10**12  # that are drawn
STORED_BY = ("xarray", "zarr", "numcodecs", "fsspec")


def sweep(
    rule: SettableRule | SearchSpace | Sequence[SearchSpace],
    *,
    on: str | Landscape | Task | Model | Callable[..., object] = "ravine",
    steps: int = 100,
    epochs: int = 2,
    batch_size: int | None = None,
    seed: int = 0,
    seeds: int | Sequence[int] | None = None,
    record: str | Sequence[str] = ("final", "diverged_at"),
    every: int | None = None,
    target: float | None = None,
    held_out: float | Data | tuple[Any, Any] | None = None,
    measure: str | Callable[..., object] | None = None,
    sampling: str = "grid",
    cells: int | None = None,
    dtype: str | None = None,
    chunk: int | None = None,
    store: str | Path | None = None,
    cluster: str | Client | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> SweepResult:
    r"""Run a rule with every setting of a plane, on a landscape or on real data.

    Args:
        rule: a rule's name, class or object, an Optax factory, a page's function; or a list of search spaces.
        on: a landscape (a name, a Landscape, f(x1, x2)) a problem, or a model of JAX or torch by `pk.model`.
        steps: how many steps of a landscape.
        epochs: how often each row of a problem's data is seen.
        batch_size: rows in a mini-batch; by default 10, and of a model what its own batches have.
        seed: the first seed of the trainings, and that of drawn cells.
        seeds: how many runs of each cell, or the seed of each; of trainings.
        record: some of final, best, diverged_at, steps_to_target, values and, on a landscape, positions.
        every: values each so many steps (1 by default), or rows of data (an epoch's end by default).
        target: a value to reach; how many steps it takes is recorded.
        held_out: of trainings, a share of the rows that nothing is trained on, such as 0.2, or rows of their own.
        measure: of trainings, accuracy or a function of (outputs, targets), over the rows held out, else over all.
        sampling: grid for every combination; random or latin_hypercube for `cells` cells drawn.
        cells: how many cells are drawn, by `seed`.
        dtype: float64 or float32; by default what `descend` and `train` take.
        chunk: cells that are computed and written together; chosen to suit the work by default.
        store: a Zarr store to write to and to go on from: a folder, or an address such as s3://bucket/plane.zarr.
        cluster: a Dask scheduler's address or a distributed.Client, whose workers run the chunks into the store.
        workers: so many Dask workers on this machine instead.
        progress: called with (cells done, cells in all).
        settings: the rule's settings by name: a number, or an axis (`log`, `linear`, `memory`, `values`, a list).

    Returns an xarray.Dataset with a dimension for each axis, and one for the seeds of a training; of several rules a
    DataTree. Divergence is no error. Each cell is what the run alone is, up to rounding in the last place. Several
    processes may work on one store.

    Raises PolyakError for input that cannot be used; nothing is written then.

    >>> import polyak as pk
    >>> ds = pk.sweep("heavy_ball", on="ravine", steps=20, lr=[0.4, 0.6], momentum=[0, 0.5])
    >>> dict(ds.sizes), float(ds.final_value.sel(lr=0.6, momentum=0.5).round(6))
    ({'lr': 2, 'momentum': 2}, 1.8e-05)
    """
    spaces = _spaces(rule, settings)
    run_on = _run_on(on, steps, epochs, batch_size, every, dtype, held_out, measure)
    drawn = _drawn(sampling, cells)
    runs = _seeds(run_on, seed, seeds)
    kept = run_on.problem.held_out_rows() if isinstance(run_on, OnProblem) else 0
    recording = Recording.of(record, run_on.quantity, target, run_on.beside, kept)
    run_on.check()
    first = whole_number("seed", seed, at_least=0)
    cells_of_chunk = None if chunk is None else whole_number("chunk", chunk, at_least=1)
    jobs = {
        name: Job(space, run_on, runs, recording, sampling, drawn, first, cells_of_chunk)
        for name, space in spaces.items()
    }
    progress = progress or unasked("cells")
    if cluster is not None or workers is not None:
        if store is None:
            raise PolyakError("a sweep on workers needs a store: they write what they compute themselves")
        need(*STORED_BY, "distributed", "cloudpickle", what="a sweep on workers", extra="sweep")
        from polyak.sweeps.cluster import run_on_cluster

        return run_on_cluster(jobs, store, cluster, workers, progress)
    if store is not None:
        need(*STORED_BY, what="a store", extra="sweep")
        from polyak.sweeps.store import run_in_store

        return run_in_store(jobs, store, progress)
    return _in_memory(jobs, progress)


def load_sweep(store: str | Path) -> SweepResult:
    """The result of a sweep in a store, finished or not: read as it is used, nan where no chunk was written.

    Args:
        store: a folder, or an address such as s3://bucket/plane.zarr.

    Returns an xarray.Dataset, or a DataTree of several rules. Raises PolyakError for a store that is none of a sweep,
    and for one that is damaged where no chunk is.
    """
    need(*STORED_BY, what="a store", extra="sweep")
    from polyak.sweeps.loading import load

    return load(store)


def _in_memory(jobs: dict[str, Job], progress: Progress) -> SweepResult:
    need("xarray", what="a sweep", extra="sweep")
    from polyak.sweeps.dataset import dataset, empty

    needed = sum(job.cells * job.recorded_bytes for job in jobs.values())
    if needed > MOST_IN_MEMORY:
        large = readable(needed / 1e9, 6, places=1)
        raise PolyakError(f"a result of {large} GB does not fit into memory: give it a store")
    total, done = sum(job.cells for job in jobs.values()), 0
    datasets = {}
    for name, job in jobs.items():
        arrays = empty(job)
        tasks = ((size(region), partial(_keep, arrays, job, region)) for region in job.regions())
        done = local.run(tasks, done, total, progress, first_alone=job.one_by_one)
        datasets[name] = dataset(job, arrays)
    return together(datasets)


def _keep(arrays: Mapping[str, np.ndarray], job: Job, region: Region) -> None:
    for variable, array in job.compute(region).items():
        arrays[variable][region] = array


def _spaces(
    rule: SettableRule | SearchSpace | Sequence[SearchSpace], settings: dict[str, Any]
) -> dict[str, SearchSpace]:
    """Each rule on its axes, by name; two of one name are numbered."""
    if isinstance(rule, list | tuple) and not hasattr(rule, "update"):
        if settings:
            raise PolyakError(
                f"{next(iter(settings))} has no place beside several rules: give it to each, by search_space(...)"
            )
        given = list(rule)
    elif isinstance(rule, SearchSpace) and not settings:
        given = [rule]
    else:
        given = [search_space(cast("SettableRule", rule), **settings)]
    if not given:
        raise PolyakError("no rule is given, expected one or several")
    spaces: dict[str, SearchSpace] = {}
    for space in given:
        if not isinstance(space, SearchSpace):
            raise PolyakError(f"{space!r} is not a search space, expected search_space(rule, lr=log(...))")
        if not space.axes:
            raise PolyakError(
                f"{space.name} has no axis: give one of its settings as log(1e-3, 1, 50) or as a list"
            )
        # What a store may call a group.
        spaces[numbered(space.name.replace(":", "_").replace("/", "_"), spaces, "_#")] = space
    return spaces


def _run_on(
    on: object,
    steps: int,
    epochs: int,
    batch_size: int | None,
    every: int | None,
    dtype: str | None,
    held_out: object,
    measure: object,
) -> RunOn:
    if dtype is not None:
        checked_dtype(dtype)
    if isinstance(on, Problem | Model | ModelTask):
        task = as_task(on, held_out)
        rows = task.data.rows
        every = rows if every is None else min(whole_number("every", every, at_least=1), 2 * rows)
        size, epochs = batch_size_of(task, batch_size), whole_number("epochs", epochs, at_least=1)
        return OnProblem(task, size, epochs, every, dtype or "float32", measure)
    for name, value in (("held_out", held_out), ("measure", measure)):
        if value is not None:
            raise PolyakError(f"{name} has no place on a landscape, where nothing is learned from rows")
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    every = 1 if every is None else min(whole_number("every", every, at_least=1), steps)
    return OnLandscape(as_landscape(on), steps, every, dtype or "float64")


def _seeds(on: RunOn, seed: int, seeds: int | Sequence[int] | None) -> tuple[int, ...]:
    if on.seeded:
        runs = seeds_from(seed, seeds)
        if len(set(runs)) < len(runs):
            twice = next(number for number in runs if runs.count(number) > 1)
            raise PolyakError(f"seed {twice} is given twice, expected each seed once")
        return runs
    if seeds is not None:
        raise PolyakError("seeds have no place on a landscape, where nothing is drawn")
    return ()


def _drawn(sampling: str, cells: int | None) -> int:
    if not isinstance(sampling, str) or sampling not in SAMPLINGS:
        raise unknown("sampling", str(sampling), SAMPLINGS)
    if sampling == "grid":
        if cells is not None:
            raise PolyakError(
                "cells has no place with a grid, whose axes say how many: use random or latin_hypercube"
            )
        return 0
    if cells is None:
        raise PolyakError(f"{sampling} needs cells: how many are drawn")
    return whole_number("cells", cells, at_least=1, at_most=MOST_CELLS)
