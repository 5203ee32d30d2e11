r"""The noise floor: the level that the noise of the batches holds the loss at.

In the eigenbasis of the Hessian, each pair (i, j) of coordinates has a covariance of its own, S_ij = A_i S_ij A_j^T +
B B^T C_ij: a discrete Lyapunov equation, whose part of x is kappa_ij C_ij. The noise C itself grows with the spread X:

    X = kappa o C,    C = (c_0 + F X) / b,    c_0 = V e e^T (e: at the optimum),    F: the rest of V

    floor = least + trace(H X) / 2
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from polyak.theory.data_moments import Moments, curvatures_of
from polyak.theory.mean_square import spread_per_noise
from polyak.theory.step_map import StepMap


def noise_floor(A: NDArray[np.float64], B: NDArray[np.float64], moments: Moments, batch_size: int) -> float:
    """The expected loss in the long run; inf where the spread grows without end.

    Args:
        A: the step's map, shape (s, s).
        B: what the gradient adds, shape (s,).
        moments: of the data.
        batch_size: b.

    The spread may grow although the mean converges: the noise is multiplied too.

    Source: Bach, F. & Moulines, E. (2013). Non-strongly-convex smooth stochastic approximation with convergence rate
    O(1/n), for the recursion; Gitman et al. (2019), Understanding the role of momentum, for the Lyapunov equation.
    """
    X = settled_spread(A, B, moments, batch_size)
    if X is None:
        return math.inf
    return float(moments.least + (curvatures_of(moments)[0] * np.diag(X)).sum() / 2)


def settled_spread(
    A: NDArray[np.float64], B: NDArray[np.float64], moments: Moments, batch_size: int
) -> NDArray[np.float64] | None:
    """X, the covariance of x in the long run along the curvatures' axes, shape (k, k); None where it grows for ever."""
    d = moments.size
    curvatures, U = curvatures_of(moments)
    k = len(curvatures)
    kappa = spread_per_noise(StepMap(A, B), curvatures)
    if kappa is None:
        return None
    V = moments.V.reshape(d, d, d + 1, d + 1) / batch_size
    c = np.einsum("ia,jb,ij->ab", U, U, V[:, :, -1, -1])
    F = np.einsum("ia,jb,ijkl,kc,ld->abcd", U, U, V[:, :, :d, :d], U, U, optimize=True)
    F = (F * kappa).reshape(k * k, k * k)
    # C = c + F C has a covariance for its solution where the positive map F shrinks, and only there.
    if not _radius(F, k) < 1:
        return None
    C = np.linalg.solve(np.eye(k * k) - F, c.ravel()).reshape(k, k)
    return np.asarray(kappa * C)


def _radius(F: NDArray[np.float64], k: int, rounds: int = 200) -> float:
    """The spectral radius of a map of covariances, by powers: from a covariance it is approached with one sign."""
    X, radius = np.eye(k).ravel(), 0.0
    for _ in range(rounds):
        X = F @ X
        size = float(np.linalg.norm(X))
        if not 0 < size < math.inf:
            return size
        X, before, radius = X / size, radius, size
        if abs(radius - before) <= 1e-9 * radius:
            break
    return radius
