"""The store of a watched training, read again and again while another process writes it; nothing is ever written.

A reading that took t seconds is followed by the next no sooner than 10 t later, so that a long record costs no more
than about a tenth of one core, however many pages show it.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from polyak.diagnose import Watched
from polyak.ground.errors import PolyakError, in_short

REST = 10.0  # times as long as a reading took, before the next


class Seen(NamedTuple):
    """What was last read.

    Attributes:
        watched: the training as far as it is in the store; None where nothing could be read yet.
        trouble: one line on why the last reading failed; empty where it did not.
        changes: how often something else was found.
    """

    watched: Watched | None
    trouble: str
    changes: int


class Reader:
    """Reads one store in a thread of its own. `seen` is the last that it found."""

    def __init__(self, store: str) -> None:
        self.store = store
        self.seen = Seen(None, f"{store} is being read", 0)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="polyak-watch")
        self._work: Future[None] | None = None
        self._not_before = 0.0

    def look(self) -> None:
        """Begin a reading, unless one is under way or the last one is too near."""
        if (self._work is None or self._work.done()) and time.monotonic() >= self._not_before:
            self._work = self._pool.submit(self.read)

    def read(self) -> None:
        """Read the store here and now; what cannot be read leaves the last that could, and says so."""
        began = time.monotonic()
        watched, trouble = self.seen.watched, ""
        try:
            watched = Watched.open(self.store)
        except PolyakError as error:
            trouble = str(error)
        except Exception as error:  # a chunk that is half there fails in whichever library meets it
            trouble = f"{self.store} cannot be read: {in_short(f'{type(error).__name__}: {error}')}"
        self._not_before = time.monotonic() + REST * (time.monotonic() - began)
        if trouble != self.seen.trouble or not _same(watched, self.seen.watched):
            self.seen = Seen(watched, trouble, self.seen.changes + 1)

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _same(one: Watched | None, other: Watched | None) -> bool:
    """Whether two readings found the same: a record only ever gains rows and events, or is another run's."""
    if one is None or other is None:
        return one is other
    return (
        one.facts == other.facts
        and one.events == other.events
        and one.last_step == other.last_step
        and len(one.steps["step"]) == len(other.steps["step"])
        and len(one.readings["step"]) == len(other.readings["step"])
    )
