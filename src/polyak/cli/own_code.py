"""Code in the user's own files: which exceptions came from it, and where it is when it does not come back."""

from __future__ import annotations

import dis
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import typer

from polyak.ground.numbers import readable

PATIENCE = 5.0  # seconds in one call, before a line says where it is
BETWEEN = 0.5  # seconds between two looks

_files: dict[str, str] = {}  # the user's own, as Python names them, and as they were typed
_lock = threading.Lock()


def watched(path: Path) -> None:
    """From here on, what runs of this file is the user's own; a call that stays in it is told of."""
    with _lock:
        first = not _files
        _files[str(path.absolute())] = str(path)
    if first:
        threading.Thread(target=_look, name="polyak-own-code", daemon=True).start()


def raised_by(error: BaseException | None) -> str | None:
    """What a file of the user's raised, and where, in a line; None for an exception of ours, and for Ctrl-C.

    A file may raise what is meant to end a process, as `sys.exit()` does: it is an error in the file all the same.
    """
    if error is None or (isinstance(error, KeyboardInterrupt) and not _has_raise(error)):
        return None
    own = [place for place in traceback.extract_tb(error.__traceback__) if place.filename in _files]
    if not own:
        return None
    return f"{_files[own[-1].filename]}, line {own[-1].lineno}: {type(error).__name__}: {error}".removesuffix(
        ": "
    )


def _has_raise(error: BaseException) -> bool:
    """Whether the exception was raised by a `raise`; Ctrl-C comes between any two instructions."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return False
    return dis.opname[last.tb_frame.f_code.co_code[last.tb_lasti]] == "RAISE_VARARGS"


def _look() -> None:
    """Say once of each call into the user's files that it does not come back, and where it is."""
    since: dict[int, tuple[FrameType, float]] = {}
    told: set[int] = set()
    while True:
        now, running = time.monotonic(), dict(_calls())
        since = {
            thread: since[thread] if thread in since and since[thread][0] is outer else (outer, now)
            for thread, (outer, _) in running.items()
        }
        told &= {id(frame) for frame, _ in since.values()}
        for thread, (outer, began) in since.items():
            if now - began >= PATIENCE and id(outer) not in told:
                told.add(id(outer))
                inner = running[thread][1]
                place = f"{_files[inner.f_code.co_filename]}, line {inner.f_lineno}"
                typer.echo(
                    f"polyak: note: {place} is still running after {readable(PATIENCE)} s (Ctrl-C ends it)",
                    err=True,
                )
        del running
        time.sleep(BETWEEN)


def _calls() -> Iterator[tuple[int, tuple[FrameType, FrameType]]]:
    """Each thread that is in a file of the user's: the call that led there, and the innermost one in the file."""
    for thread, top in sys._current_frames().items():
        frames = list[FrameType]()
        frame: FrameType | None = top
        while frame is not None:
            if frame.f_code.co_filename in _files:
                frames.append(frame)
            frame = frame.f_back
        if frames:
            yield thread, (frames[-1], frames[0])
