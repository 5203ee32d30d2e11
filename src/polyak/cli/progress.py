"""Progress of anything that takes longer than a moment, on the terminal's error stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

A_MOMENT = 0.5  # seconds: what is done sooner shows no bar


@contextmanager
def shown(what: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A callback (done, total) that draws a bar, on a terminal, once the work has taken a moment."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True)
    began, tasks = time.monotonic(), list[Any]()

    def progress(done: int, total: int) -> None:
        late = console.is_terminal and time.monotonic() - began > A_MOMENT
        if late and not tasks and done < total:
            bar.start()
            tasks.append(bar.add_task(what, total=total))
        if tasks:
            bar.update(tasks[0], completed=done)

    try:
        yield progress
    finally:
        if tasks:
            bar.stop()
