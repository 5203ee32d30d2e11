"""How much work of the server's one thread a session may ask for: a bucket of seconds that fills as time goes by."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.4  # seconds of work a second
MOST = 1.5  # seconds of work that a rest saves up


class Budget:
    """A session's seconds of work.

    >>> budget = Budget(clock=iter([0.0, 0.0, 3.0, 3.0, 8.0]).__next__)
    >>> with budget.spending():
    ...     pass  # three seconds, by this clock
    >>> round(budget.wait(), 2), budget.wait()
    (0.75, 0.0)
    """

    def __init__(
        self, share: float = SHARE, most: float = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.share, self.most, self.left = share, most, most
        self.clock = clock
        self.seen = clock()

    @contextmanager
    def spending(self) -> Iterator[None]:
        """What is done inside is paid for."""
        began = self._now()
        try:
            yield
        finally:
            self.left -= self._now() - began

    def wait(self) -> float:
        """Seconds until there is something left to spend; 0 if there is."""
        now = self._now()
        self.left = min(self.left + self.share * (now - self.seen), self.most)
        self.seen = now
        return max(-self.left / self.share, 0.0)

    def _now(self) -> float:
        return self.clock()
