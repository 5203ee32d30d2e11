"""Processes to be killed, by the thousand: forked from one that has done once what each of them is to do."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

IN_MEMORY = Path("/dev/shm")  # a disk whose waits would be most of the time
LONG = 60.0  # seconds after which a child hangs


class Warm:
    """A process that forks a child for each call: seconds of imports are had once.

    Args:
        first: what it does itself before the first of them, with a folder of its own.
    """

    def __init__(self, first: Callable[[Path], None]) -> None:
        self._here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # JAX has no threads yet, whatever it says
            self._process = context.Process(target=_serve, args=(there, self._here, first), daemon=True)
            self._process.start()
        there.close()

    def start(self, function: Callable[..., None], *arguments: Any, report: Path) -> int:
        """A child that calls the function; what it raises is written into `report`. Returns its process's number."""
        self._here.send((function, arguments, report))
        found: int = self._here.recv()
        return found

    def end(self, child: int) -> int:
        """Wait for a child: its exit code, or minus the signal that ended it."""
        self._here.send(child)
        until = time.monotonic() + LONG
        while not self._here.poll(0.5):
            if time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
        found: int = self._here.recv()
        return found

    def call(self, function: Callable[..., None], *arguments: Any, report: Path) -> str | None:
        """Run a child to its end: None if it ended well, else what it says."""
        code = self.end(self.start(function, *arguments, report=report))
        return None if code == 0 else said(code, report)

    def close(self) -> None:
        """End it."""
        self._here.send(None)
        self._process.join()


def said(code: int, report: Path) -> str:
    """What a child that ended badly left."""
    return report.read_text() if report.exists() else f"it ended with {code}"


@contextlib.contextmanager
def warm(count: int, first: Callable[[Path], None]) -> Iterator[tuple[Path, queue.Queue[Warm]]]:
    """A folder, and so many warm processes."""
    waiting: queue.Queue[Warm] = queue.Queue()
    made = [Warm(first) for _ in range(count)]
    for process in made:
        waiting.put(process)
    try:
        with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
            yield Path(folder), waiting
    finally:
        for process in made:
            process.close()


@contextlib.contextmanager
def one_of(waiting: queue.Queue[Warm]) -> Iterator[Warm]:
    """A warm process for one try."""
    process = waiting.get()
    try:
        yield process
    finally:
        waiting.put(process)


def _serve(there: Connection, here: Connection, first: Callable[[Path], None]) -> None:
    here.close()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        first(Path(folder))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            asked = there.recv()
        except EOFError:
            asked = None
        if asked is None:
            os._exit(0)
        if isinstance(asked, int):
            there.send(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]))
            continue
        child = os.fork()
        if child == 0:
            _call(*asked)
        there.send(child)


def _call(function: Callable[..., None], arguments: tuple[Any, ...], report: Path) -> None:
    try:
        function(*arguments)
    except BaseException:
        report.write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)
