"""Sweeps killed at any moment, and several on one store: it ends byte for byte as an unbroken one's."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from attacks.kind import Kind
from attacks.planes import CHUNKS, differs, files_of, sweep
from attacks.warm import Warm, one_of, said, warm


@dataclass(frozen=True)
class Ground:
    """What the tries share: a folder, warm processes, the unbroken store's files and how long they take."""

    folder: Path
    waiting: queue.Queue[Warm]
    whole: dict[str, bytes]
    seconds: float


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """An unbroken sweep, and processes for others."""
    with warm(2, lambda folder: sweep(folder / "a.zarr")) as (folder, waiting):
        with one_of(waiting) as process:
            for name in ("first", "whole"):
                began = time.monotonic()
                if trouble := process.call(sweep, folder / name / "a.zarr", report=folder / "report"):
                    raise RuntimeError(trouble)
        yield Ground(folder, waiting, files_of(folder / "whole/a.zarr"), time.monotonic() - began)


def killed(seed: int, shared: Ground) -> str | None:
    """One sweep, killed up to three times."""
    moments, folder = random.Random(seed), shared.folder / f"killed{seed}"
    folder.mkdir()
    store, report = folder / "a.zarr", folder / "report"
    with one_of(shared.waiting) as process:
        for _ in range(moments.randint(1, 3)):
            child = process.start(sweep, store, report=report)
            time.sleep(moments.uniform(0, 1.1 * shared.seconds))
            os.kill(child, signal.SIGKILL)
            code = process.end(child)
            if code not in (0, -signal.SIGKILL):
                return said(code, report)
        missed = process.call(sweep, store, report=report) or differs(store, shared.whole)
    shutil.rmtree(folder)
    return missed


def together(seed: int, shared: Ground) -> str | None:
    """Two or three sweeps on one new store; of every other lot one is killed. Each chunk is computed once."""
    moments, folder = random.Random(seed), shared.folder / f"together{seed}"
    folder.mkdir()
    store, computed = folder / "a.zarr", folder / "computed"
    kill = seed % 2 == 1
    with one_of(shared.waiting) as process:
        children = []
        for number in range(moments.randint(2, 3)):
            children.append(process.start(sweep, store, computed, report=folder / f"report{number}"))
            time.sleep(moments.choice([0, moments.uniform(0, shared.seconds)]))
        if kill:
            os.kill(children[0], signal.SIGKILL)
        codes = [process.end(child) for child in children]
        for number, code in enumerate(codes):
            if code != 0 and not (kill and number == 0 and code == -signal.SIGKILL):
                return said(code, folder / f"report{number}")
    times = [int(line) for line in computed.read_text().split()]
    missed = differs(store, shared.whole)
    if not kill and sorted(times) != list(range(CHUNKS)):
        missed = missed or f"the chunks {sorted(times)} were computed, expected each once"
    shutil.rmtree(folder)
    return missed


KINDS = [
    Kind("a sweep into a store, killed at any moment", killed, ready=ground),
    Kind("two or three sweeps into one store, one of them killed", together, ready=ground),
]
