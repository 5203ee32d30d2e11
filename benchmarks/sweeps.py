"""Sweeps: planes of settings, ours and those that one writes by hand, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from epoch import SEED, job, polyak_problem
from peers import jax_planes, numba_planes
from peers.environments import NoEnvironmentError
from peers.mxnet_gluonbook import TRAINERS, worker
from report import Row, Section, Target
from rich.progress import Progress
from timing import Sample, Timing, per_call, side_by_side

import polyak as pk

SIDE, STEPS = 1000, 100
LR, MOMENTUM = pk.axes.log(1e-3, 1.0, SIDE), pk.axes.linear(0.0, 0.99, SIDE)
RUNS = (100, 100)
RUN_LR, RUN_MOMENTUM = pk.axes.log(1e-4, 0.02, RUNS[0]), pk.axes.memory(1, 20, RUNS[1])
PAGE = "polyak, the reader's page function"


def sgd_momentum(params, states, hyperparams):
    """The page's own function, as the chapter writes it."""
    for p, v in zip(params, states, strict=True):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


def page_rule() -> object:
    return pk.from_page(sgd_momentum, lr=0.1, momentum=0.5)


def measure_ravine(progress: Progress, rounds: int = 9) -> Section:
    """A million settings of the heavy ball, 100 steps on the ravine, float32."""
    lr, momentum = (
        plane.ravel().astype(np.float32)
        for plane in np.meshgrid(LR.values(), MOMENTUM.values(), indexing="ij")
    )

    def sweep(rule: object, record: object = "final", dtype: str = "float32") -> np.ndarray:
        found = pk.sweep(rule, on="ravine", steps=STEPS, record=record, dtype=dtype, lr=LR, momentum=MOMENTUM)
        return np.asarray(found.final_value).ravel()

    ours, numba, jax = (
        "polyak, `pk.sweep`",
        "Numba by hand, blocks of 64 lanes, both cores",
        "JAX by hand, `vmap`",
    )
    page = page_rule()
    calls: dict[str, Callable[[], np.ndarray]] = {
        ours: lambda: sweep(pk.HeavyBall),
        "polyak, `diverged_at` too (the default)": lambda: sweep(pk.HeavyBall, ("final", "diverged_at")),
        "polyak, float64": lambda: sweep(pk.HeavyBall, dtype="float64"),
        PAGE: lambda: sweep(page),
        numba: lambda: numba_planes.ravine(lr, momentum, STEPS),
        jax: lambda: np.asarray(jax_planes.ravine(lr, momentum, STEPS)),
    }
    first = {name: _seconds(call) for name, call in calls.items()}
    expected = calls["polyak, float64"]()
    for name, call in calls.items():
        # What float32 leaves of 100 steps, in cells that neither came so near that only rounding is left nor diverged.
        far = (expected > 1e-3) & (expected < 1e3)
        np.testing.assert_allclose(call()[far], expected[far], rtol=2e-2, err_msg=name)
    timings = side_by_side(
        "ravine plane", {name: per_call(call) for name, call in calls.items()}, rounds, progress
    )
    ratio, against = (timings[ours].median / timings[peer].median for peer in (numba, jax))
    page_speed = timings[ours].median / timings[PAGE].median
    return Section(
        f"Sweep: {SIDE * SIDE:,} settings of the heavy ball, {STEPS} steps on the ravine, float32",
        "s",
        tuple(Row(name, timing, shows=f"{first[name]:.2f} s") for name, timing in timings.items()),
        reference=ours,
        shows="first call",
        targets=(
            Target(
                "at most 4 times the Numba kernel's time (the aim is 2)", f"{ratio:.2f} times", ratio <= 4
            ),
            Target("at least as fast as JAX by hand", f"{1 / against:.2f} times", against <= 1),
            Target(
                "the page's function at 0.8 of our own rule's speed or more",
                f"{page_speed:.2f}",
                page_speed >= 0.8,
            ),
        ),
    )


def measure_airfoil(progress: Progress, rounds: int = 7) -> Section:
    """Ten thousand trainings of two airfoil epochs, the loss over all the data every 100 samples."""
    problem = polyak_problem()
    data = job(problem)
    orders = data.order(SEED, 2)
    w, b = data.start(SEED)
    planes = np.meshgrid(RUN_LR.values(), RUN_MOMENTUM.values(), indexing="ij")
    lr, momentum = (plane.ravel().astype(np.float32) for plane in planes)
    X = np.ascontiguousarray(data.X.T)
    page = page_rule()

    def sweep(rule: object) -> np.ndarray:
        found = pk.sweep(
            rule,
            on=problem,
            epochs=2,
            every=100,
            seed=SEED,
            record="values",
            lr=RUN_LR,
            momentum=RUN_MOMENTUM,
        )
        return np.asarray(found.loss)[0].reshape(len(lr), -1)

    ours, numba, jax = "polyak, `pk.sweep`", "Numba by hand, both cores", "JAX + Optax by hand, `vmap`"
    calls: dict[str, Callable[[], np.ndarray]] = {
        ours: lambda: sweep(pk.HeavyBall),
        PAGE: lambda: sweep(page),
        numba: lambda: numba_planes.airfoil(w, b, orders, X, data.y, lr, momentum),
        jax: lambda: np.asarray(jax_planes.airfoil(lr, momentum, (w, b), orders, data.X, data.y)),
    }
    first = {name: _seconds(call) for name, call in calls.items()}
    expected = calls[numba]()[:, 15]  # after 1,500 of 1,503 rows, where all record
    for name, place in ((ours, 15), (PAGE, 15), (jax, 14)):
        np.testing.assert_allclose(calls[name]()[:, place], expected, rtol=1e-3, err_msg=name)
    samples: dict[str, Sample] = {name: per_call(call, len(lr)) for name, call in calls.items()}
    timings = side_by_side("airfoil plane", samples, rounds, progress)
    seconds, why_not = _mxnet_run()
    rows = [Row(name, timing, shows=f"{first[name]:.2f} s") for name, timing in timings.items()]
    rows.append(Row(MXNET, None if seconds is None else Timing(seconds), why_not=why_not))
    mine = timings[ours].median
    ratios = (timings[numba].median / mine, timings[jax].median / mine, mine / timings[PAGE].median)
    mxnet = None if seconds is None else float(np.median(seconds)) / mine
    return Section(
        f"Sweep: {len(lr):,} trainings of 2 airfoil epochs, the loss every 100 samples, a training",
        "µs",
        tuple(rows),
        reference=ours,
        shows="first call of all",
        targets=(
            Target("at least 15,000 times MXNet's runs a second", *_reached(mxnet, 15_000)),
            Target("at least 1.5 times the Numba kernel", *_reached(ratios[0], 1.5)),
            Target("at least as fast as JAX and Optax by hand", *_reached(ratios[1], 1.0)),
            Target("the page's function at 0.8 of our own rule's speed or more", *_reached(ratios[2], 0.8)),
        ),
    )


MXNET = "MXNet 1.9.1 with gluonbook, one after the other (its own clock)"


def _mxnet_run(turns: int = 5) -> tuple[tuple[float, ...] | None, str]:
    """The seconds of a run of two epochs by the faster of MXNet's two ways."""
    try:
        with worker() as mxnet:
            found = {
                trainer: tuple(2 * mxnet.seconds(trainer, SEED, 2) for _ in range(turns))
                for trainer in TRAINERS
            }
    except NoEnvironmentError as reason:
        return None, str(reason)
    return min(found.values(), key=lambda seconds: float(np.median(seconds))), ""


def _reached(ratio: float | None, least: float) -> tuple[str, bool | None]:
    return ("not measured", None) if ratio is None else (f"{ratio:,.2f} times", ratio >= least)


def _seconds(call: Callable[[], object]) -> float:
    """The first call, compilation included."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
