"""What the later editions measure with: a timer, running sums, a timed block."""

from __future__ import annotations

import time
from itertools import accumulate
from types import TracebackType
from typing import SupportsFloat


class Timer:
    """Times between `start` and `stop`, in seconds, one after another.

    >>> timer = Timer()
    >>> timer.times = [1.0, 2.0, 4.0]
    >>> timer.sum(), timer.avg() == 7 / 3, timer.cumsum()
    (7.0, True, [1.0, 3.0, 7.0])
    """

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Begin a time."""
        self.tik = time.time()

    def stop(self) -> float:
        """End it, keep it, return it."""
        self.times.append(time.time() - self.tik)
        return self.times[-1]

    def avg(self) -> float:
        """Their mean."""
        return sum(self.times) / len(self.times)

    def sum(self) -> float:
        """Their sum."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """Their sums up to each."""
        return list(accumulate(self.times))


class Accumulator:
    """Several sums at once.

    >>> sums = Accumulator(2)
    >>> sums.add(1, 2.5); sums.add(1, 0.5)
    >>> sums[0], sums[1]
    (2.0, 3.0)
    """

    def __init__(self, n: int) -> None:
        self.data = [0.0] * n

    def add(self, *args: SupportsFloat) -> None:
        """Add to each."""
        self.data = [total + float(_plain(more)) for total, more in zip(self.data, args, strict=True)]

    def reset(self) -> None:
        """Begin at 0 again."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, idx: int) -> float:
        return self.data[idx]


def _plain(number: SupportsFloat) -> SupportsFloat:
    """A number that no tape follows: a tensor says a warning otherwise."""
    detach = getattr(number, "detach", None)
    return number if detach is None else detach()


class Benchmark:
    """A block whose seconds are printed when it ends."""

    def __init__(self, description: str = "Done") -> None:
        self.description = description

    def __enter__(self) -> Benchmark:
        self.timer = Timer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        print("%s: %.4f sec" % (self.description, self.timer.stop()))  # noqa: T201, UP031
