"""A loss in plain JAX: a small network that learns a wave, 200 steps in. It needs no extra."""

import jax
import jax.numpy as jnp
import numpy as np

import polyak as pk


def forward(params, batch):
    return jnp.tanh(batch[0] @ params["w1"] + params["b1"]) @ params["w2"]


def loss(outputs, batch):
    return jnp.mean((outputs - batch[1]) ** 2) / 2


def setup(steps=200):
    draw = np.random.default_rng(0)
    x = draw.uniform(-2, 2, (1024, 2)).astype(np.float32)
    y = np.sin(2 * x[:, :1]) * x[:, 1:] + 0.1 * draw.normal(size=(1024, 1)).astype(np.float32)
    batches = [(x[i : i + 32], y[i : i + 32]) for i in range(0, 1024, 32)]
    params = {"w1": draw.normal(size=(2, 32)), "b1": np.zeros(32), "w2": draw.normal(size=(32, 1)) / 6}
    params = jax.tree.map(jnp.float32, params)
    optimizer = pk.HeavyBall(lr=0.02, momentum=0.9)
    state = optimizer.init(params)
    gradient = jax.jit(jax.grad(lambda params, batch: loss(forward(params, batch), batch)))
    for step in range(steps):
        updates, state = optimizer.update(gradient(params, batches[step % 32]), state, params)
        params = jax.tree.map(jnp.add, params, updates)
    found = {"loss": loss, "forward": forward, "params": params, "batches": batches}
    return {**found, "optimizer": optimizer, "state": state}
