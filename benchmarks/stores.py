"""Sweeps in stores: planes too large for memory, workers, and what the engines cost a chunk."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from epoch import polyak_problem
from report import Row, Section, Target
from rich.progress import Progress
from timing import Timing

import polyak as pk
from polyak.sweeps.cluster import client_of

SIDES = (1_000, 3_162, 10_000)  # cells along each axis: a million, ten and a hundred
LARGE = """
import json, resource, sys, time
import polyak as pk

side, store = int(sys.argv[1]), sys.argv[2]
began = time.perf_counter()
pk.sweep(pk.HeavyBall, on="ravine", steps=100, record="final", dtype="float32", store=store,
         lr=pk.axes.log(1e-3, 1, side), momentum=pk.axes.linear(0, 0.99, side))
print(json.dumps([time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""
LIMIT = 2.0  # GiB
CELLS = (2000, 2000)  # of the sweep that workers share: about a minute on one core
SMALL = 64  # chunks of next to no work


def measure_large(progress: Progress) -> Section:
    """From a million cells to a hundred million, each in a process of its own: time and memory."""
    task = progress.add_task("planes in a store", total=len(SIDES))
    rows, seconds, peaks = [], [], []
    for side in SIDES:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", LARGE, str(side), str(Path(folder) / "plane.zarr")]
            took, peak = json.loads(
                subprocess.run(command, check=True, capture_output=True, text=True).stdout
            )
        seconds.append(took)
        peaks.append(peak / 2**20)
        rows.append(Row(f"{side * side:,} cells", Timing((took,)), shows=f"{peaks[-1]:.2f} GiB"))
        progress.advance(task)
    per_cell = seconds[-1] / SIDES[-1] ** 2 / (seconds[1] / SIDES[1] ** 2)
    return Section(
        "Sweep: large planes into a Zarr store, 100 steps on the ravine, float32, compilation counted",
        "s",
        tuple(rows),
        reference=rows[0].name,
        shows="most memory held",
        targets=(
            Target("100,000,000 cells in less than 2 GiB", f"{max(peaks):.2f} GiB", max(peaks) < LIMIT),
            Target(
                "time linear in cells: a cell of a hundred million against one of ten million, at most 1.5",
                f"{per_cell:.2f} times",
                per_cell <= 1.5,
            ),
        ),
    )


def measure_workers(progress: Progress) -> Section:
    """Trainings on airfoil into a store: one worker, two, this process; workers are up before the clock starts."""
    problem = polyak_problem()
    names = ("one single-threaded worker", "two single-threaded workers", "this process")
    task = progress.add_task("workers", total=len(names))
    found = {}
    for name, workers in zip(names, (1, 2, None), strict=True):
        found[name] = _on(workers, lambda client: _seconds_of(problem, client))
        progress.advance(task)
    one, two, here = (found[name] for name in names)
    return Section(
        f"Sweep: {CELLS[0] * CELLS[1]:,} trainings of 2 airfoil epochs into a store",
        "s",
        tuple(Row(name, Timing((took,))) for name, took in found.items()),
        reference=names[0],
        targets=(
            Target("two workers at least 1.6 times one", f"{one / two:.2f} times", one / two >= 1.6),
            Target("this process never slower than they", f"{two / here:.2f} times", here <= two),
        ),
    )


def measure_engines(progress: Progress) -> Section:
    """What each way of running costs a chunk: chunks of sixteen cells and ten steps, whose arithmetic is nothing."""
    task = progress.add_task("engines", total=3)
    rows = []
    for name, store, workers in (
        ("in memory", False, None),
        ("in a store", True, None),
        ("on a worker", True, 1),
    ):
        found = _on(workers, lambda client, store=store: _seconds_a_chunk(client, store))
        rows.append(Row(name, Timing((found,))))
        progress.advance(task)
    return Section("Sweep: what an engine costs a chunk", "ms", tuple(rows), reference="in memory")


def _on(workers: int | None, measure: Callable[[object], float]) -> float:
    if workers is None:
        return measure(None)
    with client_of(None, workers) as client:
        return measure(client)


def _seconds_of(problem: pk.problems.Problem, client: object) -> float:
    def run(lrs: int, momenta: int, folder: str) -> None:
        pk.sweep(
            pk.HeavyBall,
            on=problem,
            record="final",
            store=Path(folder) / f"{lrs}.zarr",
            cluster=client,
            chunk=10_000,
            lr=pk.axes.log(1e-4, 0.02, lrs),
            momentum=pk.axes.memory(1, 20, momenta),
        )

    with tempfile.TemporaryDirectory() as folder:
        run(200, CELLS[1], folder)  # compiles, on every worker
        began = time.perf_counter()
        run(*CELLS, folder)
        return time.perf_counter() - began


def _seconds_a_chunk(client: object, store: bool) -> float:
    def run(folder: str, name: str) -> None:
        pk.sweep(
            pk.HeavyBall,
            on="ravine",
            steps=10,
            store=Path(folder) / name if store else None,
            cluster=client,
            chunk=16,
            lr=pk.axes.log(1e-3, 1, SMALL),
            momentum=pk.axes.linear(0, 0.9, 16),
        )

    with tempfile.TemporaryDirectory() as folder:
        run(folder, "first.zarr")
        began = time.perf_counter()
        run(folder, "timed.zarr")
        return (time.perf_counter() - began) / SMALL
