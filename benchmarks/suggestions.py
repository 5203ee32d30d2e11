"""What a suggestion is worth: real runs at today's setting, at the suggested one, and at the best of a sweep.

`python benchmarks/suggestions.py`, about five minutes on two cores. A tanh network 64-32-10 on scikit-learn's digits in
batches of 64 drawn with replacement, heavy ball, at three moments of its training and from three settings of the day;
every real run is of `STEPS` steps, four seeds each, its loss taken over all rows.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

import polyak as pk

BATCH, STEPS, SEEDS = 64, 100, 4
TODAY = ((0.002, 0.9), (0.02, 0.9), (0.1, 0.0))
MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98)
LRS = tuple(np.geomspace(1e-3, 2, 14))
MOMENTS = {"early": 50, "mid": 400, "late": 2000}

x, labels = load_digits(return_X_y=True)
X, Y = jnp.asarray(x / 16, jnp.float32), jnp.eye(10)[labels]


def forward(params: Any, batch: Any) -> Any:
    return jnp.tanh(batch[0] @ params["a"] + params["b"]) @ params["c"] + params["d"]


def squared(outputs: Any, batch: Any) -> Any:
    return jnp.mean(jnp.sum((outputs - batch[1]) ** 2, -1)) / 2


def cross_entropy(outputs: Any, batch: Any) -> Any:
    return -jnp.mean(jnp.sum(jax.nn.log_softmax(outputs) * batch[1], -1))


@partial(jax.jit, static_argnums=(0, 4))
def run(loss: Any, params: Any, lr: Any, momentum: Any, steps: int, key: Any) -> Any:
    """The parameters after so many steps of heavy ball from rest."""

    def step(carry: Any, key: Any) -> Any:
        params, velocity = carry
        rows = jax.random.randint(key, (BATCH,), 0, len(X))
        g = jax.grad(lambda p: loss(forward(p, (X[rows], Y[rows])), (X[rows], Y[rows])))(params)
        velocity = jax.tree.map(lambda v, g: momentum * v + g, velocity, g)
        return (jax.tree.map(lambda p, v: p - lr * v, params, velocity), velocity), None

    start = params, jax.tree.map(jnp.zeros_like, params)
    return jax.lax.scan(step, start, jax.random.split(key, steps))[0][0]


@partial(jax.jit, static_argnums=(0,))
def change(loss: Any, params: Any, lr: Any, momentum: Any) -> Any:
    """The change of the loss over all rows, the mean of the seeds; it may be nan or infinite."""
    keys = jax.random.split(jax.random.key(7), SEEDS)
    ends = jax.vmap(lambda key: loss(forward(run(loss, params, lr, momentum, STEPS, key), (X, Y)), (X, Y)))(
        keys
    )
    return ends.mean() - loss(forward(params, (X, Y)), (X, Y))


def main() -> None:
    table = Table(title=f"The change of the loss in {STEPS} real steps, and how much of the best fall it is")
    for name in (
        "loss",
        "moment",
        "today",
        "real",
        "suggested",
        "expected",
        "real",
        "best of a sweep",
        "real",
        "of the best",
    ):
        table.add_column(name)
    draw = np.random.default_rng(0)
    first = {
        "a": draw.normal(size=(64, 32)) / 8,
        "b": np.zeros(32),
        "c": draw.normal(size=(32, 10)) / 6,
        "d": np.zeros(10),
    }
    batches = [(X[rows], Y[rows]) for rows in np.array_split(draw.permutation(len(X)), 28)]
    for loss in (squared, cross_entropy):
        for moment, steps in MOMENTS.items():
            params = run(loss, jax.tree.map(jnp.float32, first), 0.05, 0.9, steps, jax.random.key(1))
            sweep = {(lr, m): float(change(loss, params, lr, m)) for lr in LRS for m in MOMENTA}
            best = min(sweep, key=lambda setting: np.nan_to_num(sweep[setting], nan=np.inf))
            model = pk.model(loss, params, batches, forward=forward)
            for lr, m in TODAY:
                said = pk.suggest(
                    model,
                    pk.HeavyBall(lr=lr, momentum=m, lr_in_velocity=False),
                    batch_size=BATCH,
                    steps=STEPS,
                )
                chosen = said.best or said.today
                real = float(change(loss, params, chosen.lr, chosen.momentum))
                table.add_row(
                    *(loss.__name__, moment, f"{lr:g}, {m:g}", f"{float(change(loss, params, lr, m)):.3g}"),
                    *(f"{chosen.lr:.3g}, {chosen.momentum:g}", f"{chosen.change:.3g}", f"{real:.3g}"),
                    *(
                        f"{best[0]:.3g}, {best[1]:g}",
                        f"{sweep[best]:.3g}",
                        f"{100 * real / sweep[best]:.0f} %",
                    ),
                )
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
