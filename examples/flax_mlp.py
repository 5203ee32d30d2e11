"""A perceptron in Flax by Optax's Adam on scikit-learn's digits, 100 steps in. Needs flax, optax, scikit-learn."""

import jax
import optax
from flax import linen as nn
from sklearn.datasets import load_digits


class Perceptron(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(10)(nn.tanh(nn.Dense(32)(x)))


net = Perceptron()


def forward(params, batch):
    return net.apply(params, batch[0])


def loss(outputs, batch):
    return optax.softmax_cross_entropy_with_integer_labels(outputs, batch[1]).mean()


def setup(steps=100):
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    batches = [(x[i : i + 64], y[i : i + 64]) for i in range(0, len(x), 64)]
    params = net.init(jax.random.key(0), x[:1])
    optimizer = optax.adam(3e-3)
    state = optimizer.init(params)
    gradient = jax.jit(jax.grad(lambda params, batch: loss(forward(params, batch), batch)))
    for step in range(steps):
        batch = batches[step % (len(batches) - 1)]
        updates, state = optimizer.update(gradient(params, batch), state, params)
        params = optax.apply_updates(params, updates)
    found = {"loss": loss, "forward": forward, "params": params, "batches": batches}
    return {**found, "optimizer": optimizer, "state": state}
