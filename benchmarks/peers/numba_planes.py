"""The limit for planes: loops by hand over many settings, on every core, compiled by Numba."""

from __future__ import annotations

import numpy as np
from airfoil import BATCH, EVERY
from numba import njit, prange

from peers.numba_kernel import D, loss

LANES = 64  # cells that go through the steps together: their numbers stay in the nearest cache
C1, C2, F1, F2 = np.float32(0.2), np.float32(4), np.float32(0.1), np.float32(2)
X1, X2 = np.float32(-5), np.float32(-2)


@njit(parallel=True, fastmath=True)
def ravine(lr: np.ndarray, momentum: np.ndarray, steps: int) -> np.ndarray:
    """Where the heavy ball ends on the ravine: f after `steps` steps of each setting; whole blocks only."""
    ends = np.empty_like(lr)
    for block in prange(len(lr) // LANES):
        first = block * LANES
        eta, gamma = lr[first : first + LANES], momentum[first : first + LANES]
        x1, x2 = np.full(LANES, X1), np.full(LANES, X2)
        v1, v2 = np.zeros(LANES, np.float32), np.zeros(LANES, np.float32)
        for _ in range(steps):
            for i in range(LANES):
                v1[i] = gamma[i] * v1[i] + eta[i] * C1 * x1[i]
                v2[i] = gamma[i] * v2[i] + eta[i] * C2 * x2[i]
                x1[i] -= v1[i]
                x2[i] -= v2[i]
        for i in range(LANES):
            ends[first + i] = F1 * x1[i] ** 2 + F2 * x2[i] ** 2
    return ends


@njit(parallel=True, fastmath=True)
def airfoil(w, b, orders, X, y, lr, momentum):
    """The losses of every setting's training, all on the same batches, each as in `numba_kernel`; X is d x n."""
    records = orders.shape[1] // EVERY
    losses = np.empty((len(lr), 1 + orders.shape[0] * records), np.float32)
    for cell in prange(len(lr)):
        weight, bias = w.copy(), b
        v, g = np.zeros(D + 1, np.float32), np.empty(D + 1, np.float32)
        losses[cell, 0] = loss(weight, bias, X, y)
        recorded = 1
        for epoch in range(orders.shape[0]):
            for first in range(0, orders.shape[1], BATCH):
                batch = orders[epoch, first : first + BATCH]
                g[:] = 0
                for i in batch:
                    error = bias - y[i]
                    for j in range(D):
                        error += X[j, i] * weight[j]
                    for j in range(D):
                        g[j] += error * X[j, i]
                    g[D] += error
                for j in range(D + 1):
                    v[j] = momentum[cell] * v[j] + lr[cell] * g[j] / np.float32(len(batch))
                for j in range(D):
                    weight[j] -= v[j]
                bias -= v[D]
                if (first + BATCH) % EVERY == 0:
                    losses[cell, recorded] = loss(weight, bias, X, y)
                    recorded += 1
    return losses
