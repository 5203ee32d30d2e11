"""Predictions: a phase diagram, a single prediction, an expected loss, each beside how one would do it without them."""

from __future__ import annotations

import itertools

import numpy as np
from report import Row, Section, Target
from rich.progress import Progress
from timing import per_call, side_by_side

import polyak as pk

SIDE = 1000  # cells along each axis of the phase diagram
STEPS, RUNS = 300, 400
LR, MOMENTUM, BATCH = 0.02, 0.9, 10
A, GAMMA = np.linspace(0.001, 4.2, SIDE), np.linspace(0.0, 0.999, SIDE)


def measure_phase(progress: Progress, rounds: int = 5) -> Section:
    """A phase diagram of the heavy ball, a million cells a call."""
    ours = "polyak, `pk.phase_diagram`"
    theirs = "NumPy, `linalg.eigvals` of the heavy ball's matrices, typed in"
    np.testing.assert_allclose(_phase(), _eigvals(), atol=1e-6)
    samples = {ours: per_call(_phase), theirs: per_call(_eigvals)}
    timings = side_by_side("phase diagram", samples, rounds, progress)
    took = timings[ours].median
    return Section(
        f"Theory: a phase diagram of {SIDE * SIDE:,} cells, two slots, a call",
        "s",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=ours,
        targets=(Target("under 2 s on two cores", f"{took:.2f} s", took < 2),),
    )


def measure_prediction(progress: Progress, rounds: int = 10) -> Section:
    """A prediction of a new setting, compilation done: its response, and its stability on two curvatures."""
    lrs = itertools.count(1)

    def fresh() -> pk.Rule:
        return pk.HeavyBall(lr=0.3 + 1e-6 * next(lrs), momentum=0.5)

    stable, response = "`pk.stability`, with the largest stable lr", "`pk.response`"
    samples = {
        stable: per_call(lambda: pk.stability(fresh(), [0.2, 4.0])),
        response: per_call(lambda: pk.response(fresh(), steps=20)),
    }
    timings = side_by_side("predictions", samples, rounds, progress)
    took = timings[stable].median + timings[response].median
    return Section(
        "Theory: a single prediction, two curvatures, a call",
        "ms",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=stable,
        targets=(Target("both under 50 ms after compilation", f"{took * 1e3:.1f} ms", took < 0.05),),
    )


def measure_expectation(progress: Progress, rounds: int = 5) -> Section:
    """The expected loss on airfoil, beside the mean of real runs, which is known to a standard error only."""
    problem = pk.linear_regression(pk.data.airfoil())
    lrs = itertools.count(1)

    def expected() -> pk.Expectation:
        rule = pk.HeavyBall(lr=LR + 1e-9 * next(lrs), momentum=MOMENTUM)
        return pk.expected_loss(rule, problem, batch_size=BATCH, steps=STEPS)

    def run() -> pk.History:
        rule = pk.HeavyBall(lr=LR, momentum=MOMENTUM)
        return pk.train(rule, problem, batch_size=BATCH, epochs=2, seeds=RUNS, replace=True)

    ours, theirs = "polyak, `pk.expected_loss`", f"the mean of {RUNS} runs of `pk.train`"
    mean, losses = expected().mean[-1], run().final_losses
    error = float(losses.std() / RUNS**0.5)
    np.testing.assert_allclose(losses.mean(), mean, atol=5 * error)
    timings = side_by_side(
        "expected loss", {ours: per_call(expected), theirs: per_call(run)}, rounds, progress
    )
    shows = {ours: f"{mean:.6f}", theirs: f"{losses.mean():.6f} +- {error:.6f}"}
    took = timings[ours].median
    return Section(
        f"Theory: the expected loss of {STEPS} steps on airfoil, a call",
        "ms",
        tuple(Row(name, timing, shows=shows[name]) for name, timing in timings.items()),
        reference=ours,
        shows="loss at the end",
        targets=(Target("under 0.2 s after compilation", f"{took:.3f} s", took < 0.2),),
    )


def _phase() -> np.ndarray:
    return np.asarray(pk.phase_diagram(pk.HeavyBall, lr_curvature=A, values=GAMMA).rate)


def _eigvals() -> np.ndarray:
    """The map of (x, v) is ((1 - a, -g), (a, g))."""
    a, g = np.meshgrid(A, GAMMA, indexing="ij")
    M = np.stack([np.stack([1 - a, -g], -1), np.stack([a, g], -1)], -2)
    return np.asarray(np.abs(np.linalg.eigvals(M)).max(-1))
