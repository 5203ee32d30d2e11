"""Progress of anything that takes longer than a moment, on the terminal's error stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

A_MOMENT = 0.5  # seconds: what is done sooner shows no bar


@contextmanager
def shown(what: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A callback (done, total) that draws a bar, on a terminal, once the work has taken a moment."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True)
    began, tasks, first = time.monotonic(), list[TaskID](), list[int]()

    def progress(done: int, total: int) -> None:
        first[:] = first or [done]  # what a run before this one had done is none of this one's speed
        late = console.is_terminal and time.monotonic() - began > A_MOMENT
        if late and not tasks and done < total:
            bar.start()
            tasks.append(bar.add_task(what, total=total, speed=""))
        if tasks:
            speed = (done - first[0]) / (time.monotonic() - began)
            bar.update(tasks[0], completed=done, speed=f"{round(speed):,} {unit}/s" if speed >= 1 else "")

    try:
        yield progress
    finally:
        if tasks:
            bar.stop()
