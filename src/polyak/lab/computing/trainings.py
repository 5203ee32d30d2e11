"""The numbers of the real data: measured runs, and what theory said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.problems import Problem
from polyak.run import History, train
from polyak.run.batches import Plan
from polyak.theory import Expectation, expected_loss

RECORDS = 60  # about, of each run
MOST_WORK = 4_000_000  # rows seen, over all epochs and seeds, times parameters over 64


@dataclass(frozen=True, eq=False)
class Training:
    """One training.

    Attributes:
        history: `polyak.train`, its batches drawn with replacement, as theory supposes.
        expectation: `polyak.expected_loss` of the same steps and starts; None where there is none.
        why_not: why there is none; empty where there is.
    """

    history: History
    expectation: Expectation | None
    why_not: str


def check_work(problem: Problem, batch_size: int, epochs: int, seeds: int) -> None:
    """Refuse a training that asks for too much, in one line."""
    if batch_size > problem.data.rows:
        raise PolyakError(f"batch_size is {batch_size}, {problem.data.name} has {problem.data.rows} rows")
    size = sum(np.size(leaf) for leaf in _leaves(problem.init(np.random.default_rng(0))))
    work = problem.data.rows * epochs * seeds * max(1, size // 64)
    if work > MOST_WORK:
        raise PolyakError(
            f"{epochs} epochs of {seeds} seeds on {problem.data.name} are {readable(work / MOST_WORK, 3)} times what "
            "the lab computes at once: ask for fewer"
        )


def training_of(
    rule: Any,
    problem: Problem,
    batch_size: int,
    epochs: int,
    seeds: int,
    progress: Callable[[int, int], None],
) -> Training:
    """Train, and predict the same: an exception that `progress` raises ends it."""
    check_work(problem, batch_size, epochs, seeds)
    every = max(batch_size, epochs * problem.data.rows // RECORDS)
    history = train(
        rule,
        problem,
        batch_size=batch_size,
        epochs=epochs,
        seeds=seeds,
        every=every,
        replace=True,
        progress=progress,
    )
    progress(epochs, epochs)
    steps = Plan.of(rows=problem.data.rows, batch_size=batch_size, every=every, replace=True).steps * epochs
    try:
        return Training(
            history, expected_loss(rule, problem, batch_size=batch_size, steps=steps, seeds=seeds), ""
        )
    except PolyakError as error:
        return Training(history, None, str(error))


def _leaves(params: Any) -> list[Any]:
    import jax

    return jax.tree.leaves(params)
