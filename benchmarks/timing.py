"""Measuring side by side: rounds in which every contender has its turn, so that noise hits all alike."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from rich.progress import Progress

Sample = Callable[[], float]
"""One turn of a contender: the seconds that one unit of its work took."""


@dataclass(frozen=True)
class Timing:
    """The seconds per unit of each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        low, high = np.quantile(self.seconds, [0.25, 0.75])
        return float(low), float(high)


def per_call(
    call: Callable[[], object],
    units: int = 1,
    span: float = 0.03,
    clock: Callable[[], float] = time.perf_counter,
) -> Sample:
    """A turn that calls as often as fills about `span` seconds, so that the clock's grain does not count.

    The first call, which compiles, is made here and not timed. `time.process_time` as the clock counts what the
    process computes, in all its threads: what else the machine does hardly counts.
    """
    call()
    calls = max(1, round(span / _elapsed(call, 1, clock)))
    return lambda: _elapsed(call, calls, clock) / (calls * units)


def _elapsed(call: Callable[[], object], calls: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(calls):
        call()
    return clock() - start


def side_by_side(
    title: str, samples: Mapping[str, Sample], rounds: int, progress: Progress
) -> dict[str, Timing]:
    """Every contender's timing over `rounds` rounds, each in an order of its own."""
    seconds: dict[str, list[float]] = {name: [] for name in samples}
    turns, shuffled = list(samples), random.Random(0)
    task = progress.add_task(title, total=rounds * len(turns))
    for _ in range(rounds):
        shuffled.shuffle(turns)
        for name in turns:
            progress.update(task, description=f"{title}: {name}")
            seconds[name].append(samples[name]())
            progress.advance(task)
    progress.update(task, description=title)
    return {name: Timing(tuple(taken)) for name, taken in seconds.items()}
