"""JAX by hand: one jitted `lax.scan` over the batches, gradients by autodiff."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from airfoil import BATCH, EVERY, LR, MOMENTUM, Airfoil, Outcome, Train


def loss(params, X, y):
    w, b = params
    return 0.5 * jnp.mean((X @ w + b - y) ** 2)


def step(carry, batch):
    x, v = carry
    g = jax.grad(loss)(x, *batch)
    v = jax.tree.map(lambda v, g: MOMENTUM * v + LR * g, v, g)
    x = jax.tree.map(lambda x, v: x - v, x, v)
    return (x, v), None


def epoch(carry, order, X, y, step):
    """One pass over the data: blocks of EVERY samples, each ended by a loss, then what is left over."""
    whole = len(y) // EVERY * EVERY

    def block(carry, indices):
        carry, _ = jax.lax.scan(step, carry, (X[indices], y[indices]))
        return carry, loss(carry[0], X, y)

    carry, losses = jax.lax.scan(block, carry, order[:whole].reshape(-1, EVERY // BATCH, BATCH))
    rest = order[whole:]
    for first in range(0, len(rest), BATCH):
        carry, _ = step(carry, (X[rest[first : first + BATCH]], y[rest[first : first + BATCH]]))
    return carry, losses


@jax.jit
def run(params, orders, X, y):
    v = jax.tree.map(jnp.zeros_like, params)
    (x, _), losses = jax.lax.scan(lambda carry, order: epoch(carry, order, X, y, step), (params, v), orders)
    return x, jnp.concatenate([loss(params, X, y)[None], losses.ravel()])


def trainer(data: Airfoil) -> Train:
    X, y = jnp.asarray(data.X), jnp.asarray(data.y)

    def train(seed: int, epochs: int) -> Outcome:
        w, b = data.start(seed)
        (w, b), losses = run((w, b), data.order(seed, epochs), X, y)
        return Outcome(np.asarray(w), np.asarray(b), np.asarray(losses))

    return train
