"""Work beside the server's thread: a few threads for all sessions, with progress, and cancelled between two parts."""

from __future__ import annotations

import sysconfig
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import polyak
from polyak.ground.errors import PolyakError
from polyak.ground.mappings import forget_programs

PACKAGE = Path(polyak.__file__).resolve().parent
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
THREADS = 2
MOST_WAITING = 64
SELDOM = 50  # pieces of work, after which it is seen whether too much was compiled

Answer = TypeVar("Answer")
Tell: TypeAlias = Callable[[int, int], None]
"""Says how many parts of how many are done; ends the work by an exception, once it is not wanted any more."""


class Task:
    """One piece of work, to be cancelled."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def cancel(self) -> None:
        """End it at its next sign of progress; nothing is heard of it from here on."""
        self.stopped.set()


@dataclass(frozen=True)
class Outcome(Generic[Answer]):
    """What some work came to: an answer, or else one line on what went wrong."""

    answer: Answer | None
    complaint: str = ""


def attempted(work: Callable[[], Answer]) -> Outcome[Answer]:
    """Do the work, whatever it raises: a file of the user's may call sys.exit()."""
    try:
        return Outcome(work())
    except CancelledError:
        raise
    except BaseException as error:
        if not isinstance(error, PolyakError):
            traceback.print_exc()
        return Outcome(None, in_a_line(error))


class Background:
    """The threads, shared by all sessions."""

    def __init__(self, threads: int = THREADS) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="polyak-lab")
        self.waiting = 0
        self.finished = 0
        self.lock = threading.Lock()
        self.stopped = False

    def begin(
        self,
        work: Callable[[Tell], Answer],
        *,
        done: Callable[[Task, Answer], None],
        failed: Callable[[Task, str], None],
        progress: Callable[[Task, float], None] | None = None,
    ) -> Task:
        """Do `work(tell)` in a thread; one of `done` and `failed` is called there, unless it is cancelled.

        After `stop` nothing is begun, and the task is cancelled. Raises PolyakError where too much is waiting already.
        """
        task = Task()

        def tell(part: int, whole: int) -> None:
            if task.stopped.is_set():
                raise CancelledError
            if progress is not None:
                progress(task, part / whole)

        def told() -> Answer:
            tell(0, 1)
            return work(tell)

        def run() -> None:
            try:
                outcome = attempted(told)
                if task.stopped.is_set():
                    return
                if outcome.complaint:
                    failed(task, outcome.complaint)
                else:
                    done(task, outcome.answer)  # type: ignore[arg-type]  # None only where the work returns it
            except CancelledError:
                pass
            finally:
                self._finish()

        with self.lock:
            if self.stopped:
                task.cancel()
                return task
            if self.waiting >= MOST_WAITING:
                raise PolyakError("the lab is busy with other sessions: try again in a moment")
            self.pool.submit(run)
            self.waiting += 1
        return task

    def _finish(self) -> None:
        """One piece of work is done with."""
        with self.lock:
            self.waiting -= 1
            self.finished += 1
            due = self.finished % SELDOM == 0
        if due:
            forget_programs()

    def stop(self) -> None:
        """Begin nothing more: a page may still ask while the server goes down."""
        with self.lock:
            self.stopped = True
        self.pool.shutdown(wait=False, cancel_futures=True)


def in_a_line(error: BaseException) -> str:
    """What went wrong, in one line, with the line of the user's own file that it came from."""
    cause = error.__cause__ or error
    if isinstance(error, PolyakError):
        if cause is error:
            return str(error)
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    own = [frame for frame in traceback.extract_tb(cause.__traceback__) if _is_own(frame.filename)]
    return with_line(" ".join(text.split())[:300], own)


def with_line(text: str, frames: list[traceback.FrameSummary], file: Path | None = None) -> str:
    """The text, and where its error came from: the last of these frames, unless it names a line already."""
    if not frames or " line " in text:
        return text
    return f"{text} ({file or frames[-1].filename}, line {frames[-1].lineno})"


def _is_own(file: str) -> bool:
    """Whether a file is the user's: neither of this package, nor of Python, nor of what is installed beside it."""
    path = Path(file)
    if not path.suffix or {"site-packages", "dist-packages"} & set(path.parts):
        return False
    return not {PACKAGE, STANDARD_LIBRARY} & set(path.resolve().parents)
