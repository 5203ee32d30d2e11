"""Theory of 1,000 parameters: the mean-square edge, and an expected loss of 300 steps beside what it is known from."""

from __future__ import annotations

import itertools
import math

import numpy as np
from report import Row, Section, Target
from rich.progress import Progress
from timing import per_call, side_by_side

import polyak as pk

PARAMETERS, ROWS, STEPS, BATCH, RUNS = 1000, 1500, 300, 8, 20


def problem() -> pk.problems.Problem:
    """Least squares with curvatures over two decades."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, PARAMETERS - 1)) * np.linspace(0.2, 1.5, PARAMETERS - 1) * 3
    X /= math.sqrt(PARAMETERS)
    return pk.linear_regression((X, X @ rng.normal(size=PARAMETERS - 1) + rng.normal(size=ROWS)))


def measure(progress: Progress, rounds: int = 5) -> Section:
    """Settings that were not asked for before; the rows are read and their eigenvectors found beforehand."""
    on, lrs = problem(), itertools.count(1)

    def rule() -> pk.Rule:
        return pk.HeavyBall(lr=0.02 + 1e-9 * next(lrs), momentum=0.9)

    def expected() -> pk.Expectation:
        return pk.expected_loss(rule(), on, batch_size=BATCH, steps=STEPS)

    def run() -> pk.History:
        return pk.train(
            pk.HeavyBall(lr=0.02, momentum=0.9), on, batch_size=BATCH, epochs=2, seeds=RUNS, replace=True
        )

    edge, ours = "`pk.batch_edges`, the mean-square edge", f"`pk.expected_loss`, {STEPS} steps"
    theirs = f"the mean of {RUNS} runs of `pk.train`, {STEPS} steps"
    samples = {
        ours: per_call(expected),
        edge: per_call(lambda: pk.batch_edges(rule(), on, batch_size=BATCH)),
        theirs: per_call(run),
    }
    shown = expected()
    timings = side_by_side("1,000 parameters", samples, rounds, progress)
    took, found = timings[ours].median, timings[edge].median
    return Section(
        f"Theory: {PARAMETERS:,} parameters, {ROWS:,} rows, batches of {BATCH}, a call",
        "s",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=ours,
        targets=(
            Target(
                f"an expected loss under 2 s (to {shown.error:.0e} of the excess)", f"{took:.2f} s", took < 2
            ),
            Target("a mean-square edge under 1 s", f"{found:.2f} s", found < 1),
        ),
    )
