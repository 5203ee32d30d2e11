"""The limit: the same training as plain loops with the gradient worked out by hand, compiled by Numba."""

from __future__ import annotations

import functools

import numpy as np
from airfoil import BATCH, EVERY, LR, MOMENTUM, Airfoil, Outcome, Train
from numba import njit

# The number of features stands in the code, and the samples lie beside one another in memory (X is d x n):
# so the loops over features unroll, and those over samples fill the processor's lanes.
D = 5


@njit(fastmath=True)
def loss(w, b, X, y):
    total = np.float32(0)
    for i in range(len(y)):
        error = b - y[i]
        for j in range(D):
            error += X[j, i] * w[j]
        total += error * error
    return total / np.float32(2 * len(y))


@njit(fastmath=True)
def gradient(w, b, X, y, batch, g):
    """Into g, the gradient by the weights and, last, by the bias: mean of (X w + b - y) (x, 1)."""
    g[:] = 0
    for i in batch:
        error = b - y[i]
        for j in range(D):
            error += X[j, i] * w[j]
        for j in range(D):
            g[j] += error * X[j, i]
        g[D] += error
    g /= np.float32(len(batch))


@njit(fastmath=True)
def run(w, b, orders, X, y, lr, momentum, losses):
    v, g = np.zeros(D + 1, np.float32), np.empty(D + 1, np.float32)
    losses[0] = loss(w, b, X, y)
    recorded = 1
    for order in orders:
        for first in range(0, len(y), BATCH):
            gradient(w, b, X, y, order[first : first + BATCH], g)
            for j in range(D + 1):
                v[j] = momentum * v[j] + lr * g[j]
            for j in range(D):
                w[j] -= v[j]
            b -= v[D]
            if (first + BATCH) % EVERY == 0:
                losses[recorded] = loss(w, b, X, y)
                recorded += 1
    return b


def kernel(data: Airfoil, X: np.ndarray, seed: int, orders: np.ndarray) -> Outcome:
    """The kernel on orders already drawn."""
    w, b = data.start(seed)
    w, losses = w.copy(), np.empty(1 + orders.shape[0] * (orders.shape[1] // EVERY), np.float32)
    b = run(w, b, orders, X, data.y, np.float32(LR), np.float32(MOMENTUM), losses)
    return Outcome(w, b, losses)


def trainer(data: Airfoil) -> Train:
    X = np.ascontiguousarray(data.X.T)
    return lambda seed, epochs: kernel(data, X, seed, data.order(seed, epochs))


def kernel_trainer(data: Airfoil) -> Train:
    """Without drawing the orders, which costs as much as the training: they are kept from the first call."""
    X = np.ascontiguousarray(data.X.T)
    order = functools.cache(data.order)
    return lambda seed, epochs: kernel(data, X, seed, order(seed, epochs))
