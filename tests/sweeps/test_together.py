"""Several processes on one store: each chunk is computed once, and the store is the one that a single one writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from polyak.rules import HeavyBall
from polyak.sweeps import claims, load_sweep, log, memory, sweep
from polyak.sweeps.job import Job
from polyak.sweeps.locks import folder_locked, given_back

LONG = 240
PLANE: dict[str, Any] = {
    "on": "ravine",
    "steps": 30,
    "chunk": 4,
    "lr": log(0.01, 3, 30),
    "momentum": memory(1, 20, 4),
}

# Says when it is ready, waits for a line, and then says each chunk that it computes.
PROGRAM = """
import os, sys
from polyak.rules import HeavyBall
from polyak.sweeps import log, memory, sweep
from polyak.sweeps.job import Job

compute = Job.compute
def counted(self, region):
    os.write(1, f"chunk {region[0].start}\\n".encode())  # whole, whichever thread it is
    return compute(self, region)
Job.compute = counted

options = dict(on="ravine", steps=30, chunk=4, lr=log(0.01, 3, 30), momentum=memory(1, 20, 4))
sweep(HeavyBall, **options)  # compiled by now
print("ready", flush=True)
sys.stdin.readline()
sweep(HeavyBall, **options, store=sys.argv[1])
"""


def started(store: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error::UserWarning", "-c", PROGRAM, str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line == "ready\n":
            break
    return process


def computed_by(process: subprocess.Popen[str]) -> list[int]:
    told, _ = process.communicate(timeout=LONG)
    assert process.returncode == 0
    return [int(line.split()[1]) for line in told.splitlines()]


def let_go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, files_of: Any) -> dict[str, bytes]:
    store = tmp_path_factory.mktemp("alone") / "plane.zarr"
    sweep(HeavyBall, **PLANE, store=store)
    return files_of(store)


def test_two_begin_one_store_at_once(tmp_path: Path, alone: dict[str, bytes], files_of: Any) -> None:
    store = tmp_path / "plane.zarr"
    two = [started(store), started(store)]
    let_go(*two)
    first, second = map(computed_by, two)
    assert sorted([*first, *second]) == list(range(30)), "each chunk once"
    assert files_of(store) == alone
    assert [path.name for path in tmp_path.iterdir()] == ["plane.zarr"]


def test_one_of_two_is_killed(tmp_path: Path, alone: dict[str, bytes], files_of: Any) -> None:
    """Its claims go with it."""
    store = tmp_path / "plane.zarr"
    two = [started(store), started(store)]
    let_go(*two)
    marks, until = store / "chunk_written/c", time.monotonic() + LONG
    while not marks.exists() and time.monotonic() < until:
        time.sleep(0.001)
    two[0].send_signal(signal.SIGKILL)
    two[0].communicate(timeout=LONG)
    computed_by(two[1])
    assert files_of(store) == alone
    assert [path.name for path in tmp_path.iterdir()] == ["plane.zarr"]


def test_one_is_killed_when_all_is_done(tmp_path: Path, alone: dict[str, bytes], files_of: Any) -> None:
    """It is still there when the other ends, and then ends without a word: nothing of it stays."""
    store = tmp_path / "plane.zarr"
    sweep(HeavyBall, **PLANE, store=store)
    killed = claims.Claims(claims.Folder(str(store)), "chunk_written").__enter__()
    sweep(HeavyBall, **PLANE, store=store)
    given_back(killed._held)  # what the kernel does
    assert files_of(store) == alone


def test_a_claimed_chunk_is_waited_for_and_that_is_said(
    tmp_path: Path, alone: dict[str, bytes], files_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a sweep that holds its claim and stands still; then that one is gone."""
    store = tmp_path / "plane.zarr"
    sweep(HeavyBall, **PLANE, store=store)
    (store / "chunk_written/c/7").unlink()
    (store / "chunk_written/c/9").unlink()
    other = claims.Claims(claims.Folder(str(store)), "chunk_written")
    other.__enter__()
    assert other.take(7)
    monkeypatch.setattr(claims, "PATIENCE", 0.2)
    told: list[str] = []

    def waited(text: str, **_: Any) -> None:
        told.append(text)
        other.__exit__()

    regions: list[int] = []
    compute = Job.compute
    monkeypatch.setattr(claims.warnings, "warn", waited)
    monkeypatch.setattr(
        Job, "compute", lambda self, region: regions.append(region[0].start) or compute(self, region)
    )
    sweep(HeavyBall, **PLANE, store=store)
    assert told == [f"{store}: waiting for 1 chunks that another process computes"]
    assert regions == [9, 7]
    assert files_of(store) == alone


def test_what_is_somebody_elses_stays(tmp_path: Path, alone: dict[str, bytes], files_of: Any) -> None:
    """A user's folders beside the store, and the folder in which a live process makes it."""
    theirs = [".plane.zarr.part", ".plane.zarr.1-0123abcd.part", ".plane.zarr.1-0123456g.part"]
    for name in theirs:
        (tmp_path / name).mkdir()
        (tmp_path / name / "words").write_text("mine")
    held = folder_locked(tmp_path / theirs[1])  # as by who is making it
    try:
        sweep(HeavyBall, **PLANE, store=tmp_path / "plane.zarr")
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*theirs, "plane.zarr"])
    finally:
        given_back(held)
    sweep(HeavyBall, **PLANE, store=tmp_path / "plane.zarr")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([theirs[0], theirs[2], "plane.zarr"])
    assert files_of(tmp_path / "plane.zarr") == alone


@pytest.mark.parametrize("there", [True, False], ids=["a folder", "nothing yet"])
def test_a_link_to_another_disk(there: bool, tmp_path: Path, alone: dict[str, bytes], files_of: Any) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    link, real = tmp_path / "here/plane.zarr", tmp_path / "there/real"
    if there:
        real.mkdir()
    link.symlink_to(real)
    found = sweep(HeavyBall, **PLANE, store=link).load()
    assert link.is_symlink()
    assert files_of(real) == alone
    assert load_sweep(link).load().identical(found)
    assert os.listdir(tmp_path / "here") == ["plane.zarr"]
    assert os.listdir(tmp_path / "there") == ["real"]
