"""How much of a training's time a watch may take: readings that would take more are put off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

BEGINNING = "beginning"  # the kind of reading that a watch begins with
PAID_BACK = 0.25  # of the share, for what that took


class Budget:
    """A clock of the training and of the watch beside it.

    Args:
        most: the share of the training's time that readings may take: 0.05; 1 and more for no bound.

    A reading is allowed where all readings so far, with one more like the last, are within that share of what the
    training has taken; the first one always is. What is free at each step counts as the watch's own, but holds no
    reading back: of steps of less than a few milliseconds it is a larger share by itself. What the beginning
    took is paid back by a quarter of that share, so that readings come from the start.

    Attributes:
        training, own, spent: seconds of the training, of the watch, and of its readings.
        costs: of the last reading of each kind, in seconds.
        put_off: how many readings were not allowed.
    """

    def __init__(self, most: float) -> None:
        self.most = most
        self.training = self.own = self.spent = 0.0
        self.costs: dict[str, float] = {}
        self.put_off = 0
        self._since = time.perf_counter()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """What is done in it is the watch's own; what was done since the last one, the training's."""
        start = time.perf_counter()
        self.training += start - self._since
        try:
            yield
        finally:
            self._since = time.perf_counter()
            self.own += self._since - start

    @contextmanager
    def reading(self, kind: str) -> Iterator[None]:
        """What a reading of a kind costs is remembered."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.costs[kind] = time.perf_counter() - start
            self.spent += self.costs[kind]

    def allows(self, kind: str) -> bool:
        """Whether one more reading of a kind is within the share."""
        if self.most >= 1 or kind not in self.costs:
            return True
        allowed = self.most * self.training
        advance = self.costs.get(BEGINNING, 0.0) + (1 - PAID_BACK) * allowed
        within = self.spent + self.costs[kind] <= max(allowed, advance)
        self.put_off += not within
        return within

    @property
    def share(self) -> float:
        """What the watch has taken, of the training's time; 0 before it began.

        >>> Budget(0.05).share
        0.0
        """
        return self.own / self.training if self.training else 0.0
