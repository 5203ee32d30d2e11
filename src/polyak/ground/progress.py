"""How anything that runs tells how far it is."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from polyak.ground.numbers import readable

A_MOMENT, SELDOM = 1.0, 0.2  # seconds: until a bar is shown, and between two tellings

Progress = Callable[[int, int], None]
"""Called with (done, in all)."""


def silent(_done: int, _total: int) -> None:
    """Progress that nobody asked for."""


def unasked(unit: str) -> Progress:
    """Progress where nobody gave a callback: a bar in a notebook, once the work has taken a moment; else nothing.

    The environment variable POLYAK_PROGRESS, set to off, keeps notebooks silent too.
    """
    if (
        os.environ.get("POLYAK_PROGRESS") == "off"
        or threading.current_thread() is not threading.main_thread()
    ):
        return silent
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return _Bar(unit) if getattr(shell, "kernel", None) is not None else silent


class _Bar:
    """A notebook's own progress element, in one display that is taken off when all is done."""

    def __init__(self, unit: str) -> None:
        self.unit, self.began, self.told = unit, time.monotonic(), 0.0
        self.display: Any = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        over = done >= total
        if over and self.display is None:
            return
        if not over and (now - self.began < A_MOMENT or now - self.told < SELDOM):
            return
        from IPython.display import HTML, display

        self.told = now
        shown = HTML("" if over else self._html(done, total, now - self.began))
        if self.display is None:
            self.display = display(shown, display_id=True)
        else:
            self.display.update(shown)

    def _html(self, done: int, total: int, seconds: float) -> str:
        left = f", about {readable(seconds * (total - done) / done, 2)} s left" if done else ""
        said = f"{done:,} of {total:,} {self.unit}{left}"
        return f'<progress value="{done}" max="{total}" aria-label="{said}"></progress> {said}'
