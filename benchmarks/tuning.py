"""A user's own model on a plane: settings side by side beside a loop by hand; and a torch cell beside its own.

In CPU time. By hand is what people write: a jitted step, its learning rate an argument, in a Python loop over the
batches of each epoch, one setting after the other. It records nothing; ours records the loss at each epoch's end.
"""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optuna
import torch
from flax import nnx
from report import Row, Section, Target
from rich.progress import Progress
from sklearn.datasets import load_digits
from timing import Timing, per_call, side_by_side

import polyak as pk
from polyak.sweeps.cluster import client_of

optuna.logging.set_verbosity(optuna.logging.WARNING)
ON_WORKERS = 64  # settings
WIDTH, BATCH, EPOCHS, LRS, MOMENTA = 128, 32, 5, 32, 8
BY_HAND = 4  # settings of one turn by hand
AGREE = 1e-3  # of the losses at the end, of their size: another order of sums over 225 steps


class Net(nnx.Module):
    """64-128-10."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.hidden, self.out = nnx.Linear(64, WIDTH, rngs=rngs), nnx.Linear(WIDTH, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.out(jax.nn.relu(self.hidden(x)))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 rows."""
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y.astype(np.int32)


def entropy(outputs: jax.Array, batch: Any) -> jax.Array:
    """The mean over the batch."""
    return optax.softmax_cross_entropy_with_integer_labels(outputs, batch[1]).mean()


def measure(progress: Progress) -> list[Section]:
    """The plane, a torch cell, and a torch plane on workers."""
    return [_plane(progress), _torch_cell(progress), _workers(progress)]


def _orders() -> list[np.ndarray]:
    rows = len(digits()[0])
    return [
        np.random.default_rng(np.random.SeedSequence(0, spawn_key=(1, epoch))).permutation(rows)
        for epoch in range(EPOCHS)
    ]


def _by_hand() -> Callable[[float, float], float]:
    X, y = map(jnp.asarray, digits())
    graph, params = nnx.split(Net(nnx.Rngs(0)))

    def loss(params: Any, batch: Any) -> jax.Array:
        return entropy(nnx.merge(graph, params)(batch[0]), batch)

    @jax.jit
    def step(params: Any, velocity: Any, lr: float, momentum: float, batch: Any) -> Any:
        grads = jax.grad(loss)(params, batch)
        velocity = jax.tree.map(lambda v, g: momentum * v + lr * g, velocity, grads)
        return jax.tree.map(lambda x, v: x - v, params, velocity), velocity

    def run(lr: float, momentum: float) -> float:
        x, v = params, jax.tree.map(jnp.zeros_like, params)
        for order in _orders():
            for k in range(0, len(order), BATCH):
                rows = order[k : k + BATCH]
                x, v = step(x, v, lr, momentum, (X[rows], y[rows]))
        return float(loss(x, (X, y)))

    return run


def _plane(progress: Progress, rounds: int = 3) -> Section:
    X, y = digits()
    batches = [(X[k : k + BATCH], y[k : k + BATCH]) for k in range(0, len(X), BATCH)]
    model = pk.model(entropy, Net(nnx.Rngs(0)), batches, forward=lambda net, batch: net(batch[0]))
    cells, run = LRS * MOMENTA, _by_hand()

    def plane() -> Any:
        return pk.sweep(
            "heavy_ball",
            on=model,
            epochs=EPOCHS,
            lr=pk.axes.log(1e-3, 0.1, LRS),
            momentum=pk.axes.memory(1, 10, MOMENTA),
        )

    found = plane()
    cell = found.isel(seed=0, lr=LRS // 2, momentum=MOMENTA // 2)
    alone = run(float(cell.lr), float(cell.momentum))
    if abs(alone / float(cell.final_loss) - 1) > AGREE:
        raise SystemExit(f"not the same work: {alone} by hand, {float(cell.final_loss)} on the plane")

    def some() -> None:
        for lr in np.geomspace(1e-3, 0.1, BY_HAND):
            run(float(lr), 0.9)

    def trials() -> None:
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))

        def objective(trial: optuna.Trial) -> float:
            lr, momentum = (
                trial.suggest_float("lr", 1e-3, 0.1, log=True),
                trial.suggest_float("momentum", 0, 0.9),
            )
            return run(lr, momentum)

        study.optimize(objective, n_trials=BY_HAND)

    ours, theirs = f"`pk.sweep`, {cells} settings, a setting", "by hand, a jitted step in a loop, a setting"
    studied = "by hand in an Optuna study, a trial"
    samples = {
        ours: per_call(plane, units=cells, clock=time.process_time),
        theirs: per_call(some, units=BY_HAND, clock=time.process_time),
        studied: per_call(trials, units=BY_HAND, clock=time.process_time),
    }
    timings = side_by_side("a plane of a Flax model", samples, rounds, progress)
    ratio, of_trials = (timings[other].median / timings[ours].median for other in (theirs, studied))
    return Section(
        f"A plane of a Flax model: 64-{WIDTH}-10, digits, batch {BATCH}, {EPOCHS} epochs, CPU time",
        "ms",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=ours,
        targets=(
            Target("20 times as fast as by hand", f"{ratio:.1f} times", ratio >= 20),
            Target("20 times as fast as Optuna's trials", f"{of_trials:.1f} times", of_trials >= 20),
        ),
    )


def _torch_model() -> tuple[Any, torch.nn.Module, torch.nn.Module, torch.Tensor, torch.Tensor]:
    """The same network in torch, and what it is made of."""
    X, y = (torch.from_numpy(array) for array in digits())
    y = y.long()
    torch.manual_seed(0)
    net, loss = (
        torch.nn.Sequential(torch.nn.Linear(64, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, 10)),
        torch.nn.CrossEntropyLoss(),
    )
    model = pk.model(net, loss, [(X[k : k + BATCH], y[k : k + BATCH]) for k in range(0, len(X), BATCH)])
    return model, net, loss, X, y


def _workers(progress: Progress) -> Section:
    """A plane of the torch model into a store: one worker and two, up before the clock starts. In wall time."""
    model = _torch_model()[0]
    task, found = progress.add_task("a torch plane on workers", total=2), {}
    for workers in (1, 2):
        with client_of(None, workers) as client, tempfile.TemporaryDirectory() as folder:

            def run(lrs: int, name: str, client: Any = client, folder: str = folder) -> None:
                pk.sweep(
                    "heavy_ball",
                    on=model,
                    epochs=EPOCHS,
                    lr=pk.axes.log(1e-3, 0.1, lrs),
                    momentum=[0.5, 0.9],
                    store=f"{folder}/{name}.zarr",
                    cluster=client,
                )

            run(workers, "first")
            began = time.perf_counter()
            run(ON_WORKERS // 2, "plane")
            found[workers] = time.perf_counter() - began
        progress.advance(task)
    ratio = found[1] / found[2]
    return Section(
        f"A plane of {ON_WORKERS} settings of a torch model on Dask's workers, {EPOCHS} epochs",
        "s",
        tuple(Row(f"{workers} single-threaded", Timing((took,))) for workers, took in found.items()),
        reference="1 single-threaded",
        targets=(Target("two workers at least 1.6 times one", f"{ratio:.2f} times", ratio >= 1.6),),
    )


def _torch_cell(progress: Progress, rounds: int = 5) -> Section:
    model, net, loss, X, y = _torch_model()

    def by_hand() -> None:
        torch.set_num_threads(1)
        own = copy.deepcopy(net)
        sgd = torch.optim.SGD(own.parameters(), lr=0.05, momentum=0.9)
        for order in _orders():
            for k in range(0, len(order), BATCH):
                rows = order[k : k + BATCH]
                sgd.zero_grad()
                loss(own(X[rows]), y[rows]).backward()
                sgd.step()

    ours, theirs = "`pk.train`, a torch model, a run", "torch.optim.SGD by hand, a run"
    samples = {
        theirs: per_call(by_hand, clock=time.process_time),
        ours: per_call(
            lambda: pk.train("heavy_ball", model, epochs=EPOCHS, lr=0.05, momentum=0.9),
            clock=time.process_time,
        ),
    }
    timings = side_by_side("a torch cell", samples, rounds, progress)
    over = 1e3 * (timings[ours].median - timings[theirs].median)
    return Section(
        f"A cell of a torch model: 64-{WIDTH}-10, digits, batch {BATCH}, {EPOCHS} epochs, CPU time",
        "ms",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=theirs,
        targets=(Target("under 20 ms over the training itself", f"{over:.0f} ms", over < 20),),
    )
