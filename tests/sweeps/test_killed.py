"""A sweep killed at any moment, by SIGKILL in a process of its own, ends in the unbroken one's store, byte for byte."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE
from polyak.ground.programs import FOLDER

# `scripts/attack.py` kills a thousand of them.
TIMES = 3
CELLS = 1600

# Eighty chunks of a few milliseconds; a line for each that is done.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # wherever it was started from
from polyak.rules import HeavyBall
from polyak.sweeps import log, memory, sweep

def progress(done, total):
    print(done, total, flush=True)

print("ready", flush=True)
try:
    sweep(HeavyBall, on="ravine", steps=300, record=("final", "best", "diverged_at"), every=3, chunk=20,
          lr=log(1e-3, 3, 80), momentum=memory(1, 100, 20), store=sys.argv[1], progress=progress)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


def started(store: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(store)],
        stdout=subprocess.PIPE,
        text=True,
        # As a user has it; and what is killed while it keeps a program would leave half of it to the other tests.
        env={name: value for name, value in os.environ.items() if name not in ("XLA_FLAGS", FOLDER)},
    )


def finished(process: subprocess.Popen[str]) -> list[int]:
    """Wait for its end; the cells that were done, as they were told."""
    told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return [int(line.split()[0]) for line in told.splitlines() if line != "ready"]


def line_that(process: subprocess.Popen[str], holds: Callable[[str], bool]) -> str:
    """Its first line of which something holds; the last, if there is none such."""
    assert process.stdout is not None
    line = ""
    for line in process.stdout:
        if holds(line):
            break
    return line


def beyond(cells: int) -> Callable[[str], bool]:
    return lambda line: line[0].isdigit() and int(line.split()[0]) >= cells


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, files_of: Any) -> dict[str, bytes]:
    store = tmp_path_factory.mktemp("unbroken") / "plane.zarr"
    assert finished(started(store))[-1] == CELLS
    return files_of(store)


def test_killed_again_and_again_at_random_moments(
    unbroken: dict[str, bytes], tmp_path: Path, files_of: Any
) -> None:
    moments, store, done = random.Random(7), tmp_path / "plane.zarr", 0
    for _ in range(TIMES):
        process = started(store)
        # Some chunks further than it was, and then wherever it happens to be.
        line_that(process, beyond(done + moments.choice([1, 100, 200])))
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL
        told = [int(line.split()[0]) for line in rest.splitlines() if line and line[0].isdigit()]
        assert not told or told[-1] < CELLS, "it was killed before its end"
        there = len(list((store / "chunk_written/c").iterdir()))
        assert there * 20 >= done, "what was done is kept"
        done = there * 20
    told = finished(started(store))
    assert told[0] == done > 0, "it goes on from what is there"
    assert told[-1] == CELLS
    assert files_of(store) == unbroken
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plane.zarr"], "nothing half-written stays"


def test_killed_while_the_store_is_made(unbroken: dict[str, bytes], tmp_path: Path, files_of: Any) -> None:
    """As soon as its first files are there: then there is a whole store or none."""
    moments, store = random.Random(3), tmp_path / "plane.zarr"
    for wait in (0.0, moments.uniform(0, 0.04)):
        process = started(store)
        assert line_that(process, lambda line: line == "ready\n") == "ready\n"
        until = time.monotonic() + PATIENCE
        while not [*tmp_path.iterdir()] and time.monotonic() < until:
            time.sleep(0.0005)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL
        if store.exists():
            made = {name for name in files_of(store) if "/c/" not in name}
            made -= {name for name in made if name.endswith((".partial", ".claims"))}
            assert made == {name for name in unbroken if "/c/" not in name}
    assert finished(started(store))[-1] == CELLS
    assert files_of(store) == unbroken
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plane.zarr"]


def test_interrupted_it_ends_cleanly_and_goes_on(
    unbroken: dict[str, bytes], tmp_path: Path, files_of: Any
) -> None:
    store = tmp_path / "plane.zarr"
    process = started(store)
    line_that(process, beyond(100))
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert rest.splitlines()[-1] == "interrupted"
    # What was under way was finished: every chunk has its mark, and nothing is half-written.
    names = files_of(store)
    assert not [name for name in names if name.endswith(".partial")]
    marks = [name for name in names if name.startswith("chunk_written/c/")]
    chunks = [name for name in names if name.startswith("final_value/c/")]
    assert 5 <= len(marks) == len(chunks) < CELLS // 20
    told = finished(started(store))
    assert told[0] == 20 * len(marks)
    assert files_of(store) == unbroken
