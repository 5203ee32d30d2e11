r"""The spread of mini-batch training on least squares of many parameters, step by step over all rows: exact, and slow.

    C = phi (mean_i (z_i^T P z_i - 2 r_i z_i^T mu + r_i^2) z_i z_i^T - H P H),    P = S + mu mu^T

    S_ab <- M_a S_ab M_b^T + B B^T C_ab

for every pair (a, b) of curvatures, M = A + lambda B e_x^T; A and B may change from step to step, as under a schedule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from polyak.theory.rows import Rows
from polyak.theory.step_map import StepMap, StepSequence

Array = NDArray[np.float64]


def mean_path(maps: StepSequence, curvatures: Array, start: Array, steps: int) -> Array:
    """The mean of x at steps 0 .. steps, shape (steps + 1, k), from `start` with empty slots."""
    z = np.zeros((len(maps.B[0]), len(curvatures)))
    z[0] = start
    path = np.empty((steps + 1, len(curvatures)))
    for t in range(steps + 1):
        path[t] = z[0]
        if t < steps:
            M = np.moveaxis(StepMap(maps.A[t], maps.B[t]).on(curvatures), 0, -1)
            with np.errstate(all="ignore"):  # where it grows beyond float64
                z = (M * z).sum(axis=1)
    return path


def spread_step_by_step(
    rows: Rows, residuals: Array, phi: float, maps: StepSequence, start: tuple[Array, Array], steps: int
) -> Array:
    """trace(H S) / 2 at steps 0 .. steps; the arguments are those of `covariance_basis.spread`.

    Slots are empty at the start.
    """
    lam, path = rows.curvatures, mean_path(maps, rows.curvatures, start[0], steps)
    s = len(maps.B[0])
    S = np.zeros((s, s, len(lam), len(lam)))
    S[0, 0] = start[1]
    noise = np.empty(steps + 1)
    for t in range(steps + 1):
        noise[t] = lam @ np.diag(S[0, 0]) / 2
        if t == steps:
            break
        pushed, q = lam * path[t], np.einsum("ia,ia->i", rows.Z @ S[0, 0], rows.Z)
        weights = q + (rows.Z @ path[t] - residuals) ** 2
        C = phi * (rows.weighed(weights) - lam[:, None] * lam * S[0, 0] - np.outer(pushed, pushed))
        M = np.moveaxis(StepMap(maps.A[t], maps.B[t]).on(lam), 0, -1)
        S = np.einsum("ija,jlab->ilab", M, S)
        S = np.einsum("ilab,mlb->imab", S, M) + np.outer(maps.B[t], maps.B[t])[:, :, None, None] * C
    return noise
