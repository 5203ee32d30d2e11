"""The airfoil epoch: Polyak and its peers in turn, each checked to have done the job."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from airfoil import BATCH, EVERY, LR, MOMENTUM, Airfoil, Outcome, Train, check, read
from peers import jax_scan, jax_tuned, numba_kernel, optax_scan, torch_loop
from peers.environments import NoEnvironmentError
from peers.mxnet_gluonbook import TRAINERS, Worker, worker
from report import Row, Section, Target
from rich.progress import Progress
from timing import Sample, Timing, per_call, side_by_side

import polyak as pk
from polyak.problems import Problem
from polyak.run.batches import Plan, parameter_generator

SEED, SEEDS = 0, 5
POLYAK = "polyak, `pk.train`"
MXNET = {name: f"MXNet 1.9.1, gluonbook's `{name}`" for name in TRAINERS}
TORCH, LOADER = "PyTorch loop, batches cut from a permutation", "PyTorch loop, DataLoader"
COMPILED = {
    "JAX + Optax, `lax.scan` by hand": optax_scan.trainer,
    "JAX, `lax.scan` by hand": jax_scan.trainer,
    "JAX, `lax.scan` by hand, tuned": jax_tuned.trainer,
    "Numba kernel by hand": numba_kernel.trainer,
    "Numba kernel by hand, orders already drawn": numba_kernel.kernel_trainer,
}
# What float32 rounding leaves between contenders that took the same batches from the same start.
TOLERANCE = 2e-6


def polyak_problem() -> Problem:
    return pk.linear_regression(pk.data.airfoil())


def job(problem: Problem) -> Airfoil:
    """The peers' job: the start and the orders are Polyak's, the data is read without it."""
    X, y = read()
    plan = Plan.of(rows=len(y), batch_size=BATCH, every=EVERY)

    def start(seed: int) -> tuple[np.ndarray, np.float32]:
        params = problem.init(parameter_generator(seed))
        return params["weight"].astype(np.float32), np.float32(params["bias"])

    def order(seed: int, epochs: int) -> np.ndarray:
        return np.stack([plan.draw(seed, epoch) for epoch in range(epochs)])

    return Airfoil(X, y, start, order)


def polyak(problem: Problem, seeds: int | None = None) -> Train:
    rule = pk.HeavyBall(lr=LR, momentum=MOMENTUM)

    def train(seed: int, epochs: int) -> Outcome:
        history = pk.train(
            rule, problem, batch_size=BATCH, every=EVERY, epochs=epochs, seed=seed, seeds=seeds
        )
        return Outcome(history.params["weight"][0], history.params["bias"][0], history.losses)

    return train


def checked(trains: Mapping[str, Train], epochs: int) -> dict[str, str]:
    """Each contender's final loss; refused unless all with the same batches end at the same parameters."""
    outcomes = {name: train(SEED, epochs) for name, train in trains.items()}
    end = outcomes[POLYAK]
    for name, outcome in outcomes.items():
        if name != LOADER and not np.isnan(outcome.bias):
            np.testing.assert_allclose(outcome.weight, end.weight, atol=TOLERANCE, err_msg=name)
            np.testing.assert_allclose(outcome.bias, end.bias, atol=TOLERANCE, err_msg=name)
    return {name: f"{check(name, outcome, epochs):.4f}" for name, outcome in outcomes.items()}


def samples(trains: Mapping[str, Train], epochs: int) -> dict[str, Sample]:
    return {name: per_call(lambda train=train: train(SEED, epochs), epochs) for name, train in trains.items()}


def measure_two(progress: Progress, rounds: int = 15) -> Section:
    """Two epochs a call, the chapter's own training, against every peer."""
    problem = polyak_problem()
    data = job(problem)
    trains = {
        LOADER: torch_loop.loader_trainer(data),
        TORCH: torch_loop.trainer(data),
        POLYAK: polyak(problem),
        **{name: trainer(data) for name, trainer in COMPILED.items()},
    }
    try:
        progress.console.print("MXNet: starting; its environment is built at the first use, about a minute")
        with worker() as mxnet:
            return _two(trains, mxnet, progress, rounds)
    except NoEnvironmentError as reason:
        return _two(trains, None, progress, rounds, why_not=str(reason))


def _two(
    trains: dict[str, Train], mxnet: Worker | None, progress: Progress, rounds: int, why_not: str = ""
) -> Section:
    turns = samples(trains, 2)
    asked = MXNET if mxnet else {}
    theirs = {name: functools.partial(mxnet.train, trainer) for trainer, name in asked.items()}
    turns |= {name: functools.partial(mxnet.seconds, trainer, SEED, 2) for trainer, name in asked.items()}
    ends = checked(trains | theirs, 2)
    timings = side_by_side("airfoil, 2 epochs a call", turns, rounds, progress)
    names = [POLYAK, *MXNET.values(), *(name for name in timings if name not in (POLYAK, *MXNET.values()))]
    return Section(
        "An airfoil epoch, 2 epochs a call, everything in the call counted",
        "ms",
        tuple(Row(name, timings.get(name), ends.get(name, ""), why_not) for name in names),
        reference=POLYAK,
        shows="loss at the end",
        targets=tuple(_targets(timings)),
    )


def _targets(timings: Mapping[str, Timing]) -> list[Target]:
    """The issue's two ratios, each against the faster of the peer's two ways."""
    targets = []
    for peer, names, least in (("MXNet", list(MXNET.values()), 300), ("PyTorch", [TORCH, LOADER], 60)):
        text = f"at least {least} times as fast as the faster of {peer}'s two ways"
        medians = [timings[name].median for name in names if name in timings]
        ratio = min(medians, default=0) / timings[POLYAK].median
        targets.append(Target(text, f"{ratio:.0f} times", ratio >= least) if medians else Target(text))
    return targets


def measure_twenty(progress: Progress, rounds: int = 10) -> Section:
    """Twenty epochs a call, in which the fixed cost of a call hardly counts, against what is compiled."""
    problem = polyak_problem()
    data = job(problem)
    trains = {POLYAK: polyak(problem), **{name: trainer(data) for name, trainer in COMPILED.items()}}
    turns, ends = samples(trains, 20), checked(trains, 20)
    timings = side_by_side("airfoil, 20 epochs a call", turns, rounds, progress)
    return Section(
        "An airfoil epoch, 20 epochs a call",
        "ms",
        tuple(Row(name, timing, ends[name]) for name, timing in timings.items()),
        reference=POLYAK,
        shows="loss at the end",
    )


def measure_seeds(progress: Progress, rounds: int = 10) -> Section:
    """Five seeds of two epochs, a run."""
    problem = polyak_problem()
    data = job(problem)
    one, many, together = polyak(problem), polyak(problem, SEEDS), f"polyak, `seeds={SEEDS}`"
    kernel = numba_kernel.trainer(data)
    calls = {
        together: lambda: many(SEED, 2),
        f"polyak, {SEEDS} calls": lambda: [one(seed, 2) for seed in range(SEEDS)],
        f"Numba kernel by hand, {SEEDS} calls": lambda: [kernel(seed, 2) for seed in range(SEEDS)],
    }
    turns = {name: per_call(call, SEEDS) for name, call in calls.items()}
    end = check(together, calls[together](), 2)
    timings = side_by_side(f"airfoil, {SEEDS} seeds", turns, rounds, progress)
    return Section(
        f"{SEEDS} seeds of 2 airfoil epochs, a seed (mean loss at the end {end:.4f})",
        "ms",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=together,
    )
