"""Whatever a kernel started, children of children and those that left its session, seen to their end.

A process that leaves its session and its parent (`os.setsid()` after a fork or two) is still found: the kernel adopts
what its descendants leave behind (Linux), and each inherits a mark in its environment. One that has
thrown the mark away is found as long as the kernel lives, which is until the kernel's own farewell.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import psutil

MARK = "POLYAK_KERNEL"  # in the environment: which kernel a process descends from
ADOPT = 36  # prctl's PR_SET_CHILD_SUBREAPER
ROUNDS, A_ROUND = 20, 0.25  # how often what is left is looked for, and seconds that a round's ends may take


def adopt() -> None:
    """Make this process the parent of its descendants' orphans, where the system can (Linux)."""
    if sys.platform.startswith("linux"):
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)


def end(kernel: int | None, mark: str) -> None:
    """Kill what descends from a kernel, not the kernel itself; again, until nothing is left that could start more.

    `kernel` is its process while it lives, None afterwards: the number may be another's then.
    """
    for _ in range(ROUNDS):
        left = {
            process.pid: process
            for process in (*([] if kernel is None else _children(kernel)), *_marked(mark))
        }
        left = {pid: process for pid, process in left.items() if pid not in (kernel, os.getpid())}
        if not left:
            return
        for process in left.values():
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(list(left.values()), timeout=A_ROUND)


def _children(kernel: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return [child for child in psutil.Process(kernel).children(recursive=True) if _runs(child)]
    return []


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and _runs(process):
                yield process


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False
