"""Work beside the server's thread: a few threads for all sessions, with progress, and cancelled between two parts."""

from __future__ import annotations

import sysconfig
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polyak
from polyak.ground.errors import PolyakError

PACKAGE = Path(polyak.__file__).resolve().parent
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
THREADS = 2
MOST_WAITING = 64


class CancelledError(Exception):
    """The work is not wanted any more."""


class Task:
    """One piece of work, to be cancelled."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def cancel(self) -> None:
        """End it at its next sign of progress; nothing is heard of it from here on."""
        self.stopped.set()


class Background:
    """The threads, shared by all sessions."""

    def __init__(self, threads: int = THREADS) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="polyak-lab")
        self.waiting = 0
        self.lock = threading.Lock()
        self.stopped = False

    def begin(
        self,
        work: Callable[[Callable[[int, int], None]], Any],
        *,
        done: Callable[[Task, Any], None],
        failed: Callable[[Task, str], None],
        progress: Callable[[Task, float], None] | None = None,
    ) -> Task:
        """Do `work(progress)` in a thread; one of `done` and `failed` is called there, unless it is cancelled.

        After `stop` nothing is begun, and the task is cancelled. Raises PolyakError where too much is waiting already.
        """
        task = Task()

        def tell(part: int, whole: int) -> None:
            if task.stopped.is_set():
                raise CancelledError
            if progress is not None:
                progress(task, part / whole)

        def run() -> None:
            try:
                tell(0, 1)
                found = work(tell)
                if not task.stopped.is_set():
                    done(task, found)
            except CancelledError:
                pass
            except BaseException as error:  # a file of the user's may call sys.exit()
                if not isinstance(error, PolyakError):
                    traceback.print_exc()
                if not task.stopped.is_set():
                    failed(task, in_a_line(error))
            finally:
                with self.lock:
                    self.waiting -= 1

        with self.lock:
            if self.stopped:
                task.cancel()
                return task
            if self.waiting >= MOST_WAITING:
                raise PolyakError("the lab is busy with other sessions: try again in a moment")
            self.pool.submit(run)
            self.waiting += 1
        return task

    def stop(self) -> None:
        """Begin nothing more: a page may still ask while the server goes down."""
        with self.lock:
            self.stopped = True
        self.pool.shutdown(wait=False, cancel_futures=True)


def in_a_line(error: BaseException) -> str:
    """What went wrong, in one line, with the line of the user's own file that it came from."""
    if isinstance(error, PolyakError) and error.__cause__ is None:
        return str(error)
    frames = traceback.extract_tb((error.__cause__ or error).__traceback__)
    own = [frame for frame in frames if _is_own(frame.filename)]
    text = str(error) if isinstance(error, PolyakError) else f"{type(error).__name__}: {error}"
    first = " ".join(text.split())[:300]
    return f"{first} ({own[-1].filename}, line {own[-1].lineno})" if own and " line " not in first else first


def _is_own(file: str) -> bool:
    """Whether a file is the user's: neither of this package, nor of Python, nor of what is installed beside it."""
    path = Path(file)
    if not path.suffix or {"site-packages", "dist-packages"} & set(path.parts):
        return False
    return not {PACKAGE, STANDARD_LIBRARY} & set(path.resolve().parents)
