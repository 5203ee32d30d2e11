"""Planes in JAX by hand: a run as one writes it, `vmap` over the settings, `jit` around it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax
from airfoil import BATCH, EVERY


def f(x):
    return 0.1 * x[0] ** 2 + 2 * x[1] ** 2


def descent(lr, momentum, steps):
    def step(carry, _):
        x, v = carry
        v = momentum * v + lr * jax.grad(f)(x)
        return (x - v, v), None

    start = jnp.array([-5.0, -2.0])
    (x, _), _ = jax.lax.scan(step, (start, jnp.zeros(2)), None, length=steps)
    return f(x)


ravine = jax.jit(jax.vmap(descent, in_axes=(0, 0, None)), static_argnums=2)


def loss(params, X, y):
    w, b = params
    return 0.5 * jnp.mean((X @ w + b - y) ** 2)


def training(lr, momentum, params, orders, X, y):
    optimizer = optax.sgd(lr, momentum)

    def step(carry, batch):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params, X[batch], y[batch]), state, params)
        return (optax.apply_updates(params, updates), state), None

    def block(carry, batches):
        carry, _ = jax.lax.scan(step, carry, batches)
        return carry, loss(carry[0], X, y)

    def epoch(carry, order):
        whole = len(order) // EVERY * EVERY
        carry, losses = jax.lax.scan(block, carry, order[:whole].reshape(-1, EVERY // BATCH, BATCH))
        for first in range(whole, len(order), BATCH):
            carry, _ = step(carry, order[first : first + BATCH])
        return carry, losses

    start = params, optimizer.init(params)
    (params, _), losses = jax.lax.scan(epoch, start, orders)
    return losses.ravel()


airfoil = jax.jit(jax.vmap(training, in_axes=(0, 0, None, None, None, None)))
