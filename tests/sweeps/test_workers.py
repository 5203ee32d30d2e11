"""The same chunks on Dask workers: killed, of another version, out of reach; and a rule from the reader's own file."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed
import pytest
import xarray as xr

from patience import PATIENCE
from polyak.cli.files import object_in_file
from polyak.ground.version import __version__
from polyak.problems import Problem
from polyak.rules import HeavyBall, from_page
from polyak.sweeps import cluster as clusters
from polyak.sweeps import log, memory, search_space, sweep

PLANE: dict[str, Any] = {"on": "ravine", "steps": 200, "every": 3, "record": ("final", "best", "diverged_at"),
                         "chunk": 40, "lr": log(1e-3, 3, 100), "momentum": memory(1, 100, 40)}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    """Two workers, each a process of its own that is started again when it dies."""
    with clusters.client_of(None, 2) as found:
        yield found


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, files_of: Any) -> dict[str, bytes]:
    store = tmp_path_factory.mktemp("unbroken") / "plane.zarr"
    sweep(HeavyBall, **PLANE, store=store)
    return files_of(store)


def test_workers_write_the_store_that_one_process_writes(
    client: distributed.Client, unbroken: dict[str, bytes], tmp_path: Path, files_of: Any
) -> None:
    store, told = tmp_path / "plane.zarr", []
    found = sweep(HeavyBall, **PLANE, store=store, cluster=client, progress=lambda *done: told.append(done))
    assert files_of(store) == unbroken
    xr.testing.assert_identical(found.load(), sweep(HeavyBall, **PLANE))
    assert (told[0], told[-1]) == ((0, 4000), (4000, 4000))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    # What is missing is run, and nothing else.
    (store / "chunk_written/c/7").unlink()
    told.clear()
    sweep(HeavyBall, **PLANE, store=store, cluster=client, progress=lambda *done: told.append(done))
    assert told == [(3960, 4000), (4000, 4000)]
    assert files_of(store) == unbroken


def test_a_training_on_workers(client: distributed.Client, small: Problem, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "on": small,
        "seeds": 3,
        "record": ("final", "values"),
        "lr": log(0.01, 1, 7),
        "momentum": [0.0, 0.9],
    }
    found = sweep(HeavyBall, **options, store=tmp_path / "a.zarr", cluster=client, chunk=5)
    xr.testing.assert_identical(found.load(), sweep(HeavyBall, **options))


def test_workers_that_are_killed(
    client: distributed.Client, unbroken: dict[str, bytes], tmp_path: Path, files_of: Any
) -> None:
    """Once a worker, and once all of them, at moments that are told by how far the sweep is."""
    store, moments = tmp_path / "plane.zarr", random.Random(5)
    killed: list[int] = []
    at = {400: 1, 1600: 2}

    def kill(how_many: int) -> None:
        pids = list(client.run(os.getpid).values())
        for pid in moments.sample(pids, min(how_many, len(pids))):
            time.sleep(moments.uniform(0, 0.02))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    waiting = sorted(at)

    def progress(done: int, total: int) -> None:
        while waiting and done >= waiting[0]:
            thread = threading.Thread(target=kill, args=(at[waiting.pop(0)],))
            thread.start()
            thread.join()

    found = sweep(HeavyBall, **PLANE, store=store, cluster=client, progress=progress)
    assert len(killed) >= 2
    assert "unfinished_chunks" not in found.attrs
    assert files_of(store) == unbroken


RULE = """
import numpy as np
from polyak.rules.base import Rule
from polyak.rules.hyperparameters import lr

SHRUNK = 0.5

class Mine(Rule):
    formula, source = "", ""
    lr: float = lr()

    def slots(self, x):
        return {}

    def step(self, g, slots, x):
        return -SHRUNK * self.lr * g, {}

def page(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + SHRUNK * hyperparams["lr"] * p.grad
        p[:] -= v
"""


def test_a_rule_from_the_readers_own_file_travels(
    client: distributed.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers stand elsewhere and have no such file."""
    file = tmp_path / "my_rule.py"
    file.write_text(RULE)
    kind, page = object_in_file(f"{file}:Mine"), object_in_file(f"{file}:page")
    planes = [
        search_space(kind, lr=[0.1, 0.2, 0.4]),
        search_space(from_page(page), lr=[0.1, 0.2], momentum=[0.0, 0.5]),
    ]
    wanted = sweep(planes, steps=10)
    file.unlink()
    found = sweep(planes, steps=10, store=tmp_path / "a.zarr", cluster=client, chunk=2)
    xr.testing.assert_identical(found.load(), wanted)
    halved = sweep(HeavyBall, steps=10, lr=[0.05, 0.1], momentum=[0.0, 0.5])
    xr.testing.assert_allclose(
        wanted["page"].final_value.drop_vars("lr"), halved.final_value.drop_vars("lr"), rtol=1e-12
    )


def test_workers_of_another_version(
    client: distributed.Client, tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for versions, word in (("0.0.1", "has polyak 0.0.1"), ("", "has no polyak")):
        with monkeypatch.context() as patched:
            patched.setattr(
                client, "run", lambda _, v=versions: {"tcp://here:1": __version__, "tcp://there:2": v}
            )
            with refused("the worker tcp://there:2", word, f"expected {__version__}"):
                sweep(HeavyBall, **PLANE, store=tmp_path / "a.zarr", cluster=client)
    assert not list(tmp_path.iterdir()), "refused before anything is written"
    with refused("a worker has polyak", "9.9.9"):
        clusters.work(b"", "9.9.9", str(tmp_path), "heavy_ball", 0, ())


def bare_cluster(workers: int) -> distributed.LocalCluster:
    """A scheduler in this process."""
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    )


def test_a_worker_that_really_is_of_another_version(tmp_path: Path, refused: Any) -> None:
    preload = tmp_path / "older.py"
    preload.write_text("import polyak.ground.version\npolyak.ground.version.__version__ = '0.0.1'\n")
    with bare_cluster(1) as cluster:
        other = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address, "--nthreads", "1",
             "--no-nanny", "--no-dashboard", "--preload", str(preload), "--local-directory", str(tmp_path / "work")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with distributed.Client(cluster) as client:
                client.wait_for_workers(2, timeout=PATIENCE)
            with refused("the worker tcp://", "has polyak 0.0.1", f"expected {__version__}"):
                sweep(HeavyBall, **PLANE, store=tmp_path / "a.zarr", cluster=cluster.scheduler_address)
        finally:
            other.kill()
            other.wait()
    assert not (tmp_path / "a.zarr").exists()


def test_a_cluster_out_of_reach(tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "PATIENCE", 1)
    for address in (
        "tcp://127.0.0.1:9",
        "nonsense://a:1",
        "not an address",
        "tcp://no.such.host.invalid:8786",
    ):
        with refused(f"the cluster {address} cannot be reached", "tcp://host:8786"):
            sweep(HeavyBall, **PLANE, store=tmp_path / "a.zarr", cluster=address)
    assert not list(tmp_path.iterdir())


def test_a_cluster_that_goes_away(
    tmp_path: Path, refused: Any, unbroken: dict[str, bytes], files_of: Any, capfd: Any
) -> None:
    """What was done is kept; the same sweep goes on without it."""
    file, store = tmp_path / "scheduler.json", tmp_path / "a.zarr"

    def started(what: str, *options: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.dask_{what}",
            "--scheduler-file",
            str(file),
            *options,
        ]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    scheduler = started(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"
    )
    worker = started("worker", "--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "60")

    def progress(done: int, total: int) -> None:
        if done >= 400:
            scheduler.kill()

    try:
        until = time.monotonic() + PATIENCE
        while not file.exists() or not file.read_text().endswith("}"):
            assert time.monotonic() < until
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        with refused("the cluster went away", "goes on from there"):
            sweep(HeavyBall, **PLANE, store=store, cluster=address, progress=progress)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
    assert capfd.readouterr().err == "", "its own words are not heard"
    told: list[int] = []
    sweep(HeavyBall, **PLANE, store=store, progress=lambda done, _: told.append(done))
    assert told[0] >= 400
    assert files_of(store) == unbroken


def test_all_workers_gone_is_said_and_one_that_comes_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: dict[str, bytes], files_of: Any
) -> None:
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    store, gone = tmp_path / "a.zarr", threading.Event()
    with bare_cluster(1) as cluster:

        def progress(done: int, total: int) -> None:
            if done >= 400 and not gone.is_set():
                gone.set()
                cluster.scale(0)

        def comes_back(*_: Any, **__: Any) -> None:
            told.append(str(_[0]))
            cluster.scale(1)

        told: list[str] = []
        monkeypatch.setattr(clusters.warnings, "warn", comes_back)
        sweep(HeavyBall, **PLANE, store=store, cluster=cluster.scheduler_address, progress=progress)
    assert len(told) == 1
    safe = int(told[0].split(": ")[1].split(" ")[0].replace(",", ""))
    assert 400 <= safe < 4000
    assert told[0] == (
        f"the cluster has no worker any more: {safe:,} of 4,000 cells are safe in the store, and the sweep goes on "
        "when one comes"
    )
    assert files_of(store) == unbroken


def test_a_cluster_without_workers(tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    with bare_cluster(0) as cluster, refused("no worker after 0.5 s"):
        sweep(HeavyBall, **PLANE, store=tmp_path / "a.zarr", cluster=cluster.scheduler_address)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_asked_for(tmp_path: Path, refused: Any) -> None:
    with refused("needs a store"):
        sweep(HeavyBall, **PLANE, workers=2)
    with refused("needs a store"):
        sweep(HeavyBall, **PLANE, cluster="tcp://here:1")
    with refused("not both"):
        sweep(HeavyBall, **PLANE, store=tmp_path / "a.zarr", workers=2, cluster="tcp://here:1")
    for bad in (0, -1, 1.5, "two", True):
        with refused("workers is", "whole number"):
            sweep(HeavyBall, **PLANE, store=tmp_path / "a.zarr", workers=bad)
    assert not list(tmp_path.iterdir())
