"""The numbers of the real data: measured runs, and what theory said of them."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.lab.background import Tell
from polyak.problems import Problem
from polyak.rules.protocol import Optimizer
from polyak.run import History, train
from polyak.run.batches import Plan
from polyak.theory import Expectation, expected_loss

RECORDS = 60  # about, of each run
SMALLEST, LARGEST = 1e-12, 1e12  # of a loss that is drawn
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


@dataclass(frozen=True)
class Wanted:
    """What is trained, and how long."""

    batch_size: int
    epochs: int
    seeds: int


def check_work(problem: Problem, wanted: Wanted) -> None:
    """Refuse a training that asks for too much, in one line."""
    rows = problem.data.rows
    if wanted.batch_size > rows:
        raise PolyakError(f"batch_size is {wanted.batch_size}, {problem.data.name} has {rows} rows")
    size = sum(np.size(leaf) for leaf in jax.tree.leaves(problem.init(np.random.default_rng(0))))
    work = rows * wanted.epochs * wanted.seeds * max(1, size // 64)
    if work > MOST_WORK:
        raise PolyakError(
            f"{wanted.epochs} epochs of {wanted.seeds} seeds on {problem.data.name} are "
            f"{readable(work / MOST_WORK, 3)} times what the lab computes at once: ask for fewer"
        )


def training_of(rule: Optimizer, problem: Problem, wanted: Wanted, tell: Tell) -> Training:
    """Train, and predict the same: an exception that `tell` raises ends it."""
    check_work(problem, wanted)
    rows, batch_size, epochs, seeds = problem.data.rows, wanted.batch_size, wanted.epochs, wanted.seeds
    every = max(batch_size, epochs * rows // RECORDS)
    history = train(
        rule,
        problem,
        batch_size=batch_size,
        epochs=epochs,
        seeds=seeds,
        every=every,
        replace=True,
        progress=tell,
    )
    tell(epochs, epochs)
    steps = Plan.of(rows=rows, batch_size=batch_size, every=every, replace=True).steps * epochs
    try:
        expectation = expected_loss(rule, problem, batch_size=batch_size, steps=steps, seeds=seeds)
        return Training(history, expectation, "")
    except PolyakError as error:
        return Training(history, None, str(error))


def drawn(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Values for a plain axis, nan beyond what can be drawn."""
    return np.where(np.abs(values) < LARGEST, values, np.nan).astype(np.float64)


def bands(training: Training) -> dict[str, NDArray[np.float64]]:
    """What theory says at each record, and the part of the measured mean that is over the least loss.

    `mean`, and `low` to `high`, two standard deviations on each side; `deterministic`, `noise` and `measured` for a
    logarithmic axis: nan where they are not positive.
    """
    theory, at = training.expectation, training.history.steps_taken
    assert theory is not None
    mean, spread = theory.mean[at], theory.spread[at]
    over = {
        "deterministic": theory.deterministic[at],
        "noise": theory.noise[at],
        "measured": training.history.losses.astype(np.float64).mean(axis=0) - theory.least,
    }
    return {
        "mean": drawn(mean),
        "low": drawn(mean - np.where(np.isfinite(spread), 2 * spread, 0.0)),
        "high": drawn(mean + 2 * spread),
        **{name: np.where(values > SMALLEST, drawn(values), np.nan) for name, values in over.items()},
    }
