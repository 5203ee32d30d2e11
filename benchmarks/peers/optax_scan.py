"""JAX with Optax: the scan of `jax_scan`, stepped by `optax.sgd`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from airfoil import LR, MOMENTUM, Airfoil, Outcome, Train

from peers.jax_scan import epoch, loss

optimizer = optax.sgd(LR, MOMENTUM)


def step(carry, batch):
    params, state = carry
    updates, state = optimizer.update(jax.grad(loss)(params, *batch), state, params)
    return (optax.apply_updates(params, updates), state), None


@jax.jit
def run(params, orders, X, y):
    carry = params, optimizer.init(params)
    (x, _), losses = jax.lax.scan(lambda carry, order: epoch(carry, order, X, y, step), carry, orders)
    return x, jnp.concatenate([loss(params, X, y)[None], losses.ravel()])


def trainer(data: Airfoil) -> Train:
    X, y = jnp.asarray(data.X), jnp.asarray(data.y)

    def train(seed: int, epochs: int) -> Outcome:
        w, b = data.start(seed)
        (w, b), losses = run((jnp.asarray(w), jnp.asarray(b)), data.order(seed, epochs), X, y)
        return Outcome(np.asarray(w), np.asarray(b), np.asarray(losses))

    return train
