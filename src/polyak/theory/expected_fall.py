r"""How far the loss is expected to fall in so many steps, on the quadratic that a model is near today's parameters.

Along a direction of curvature lambda the error is x = g / lambda, and a linear rule goes, from rest,

    z <- (A + lambda B e_x^T) z + B xi,    E xi = 0,  Var xi = phi sigma^2
    E change = sum_j  w_j ((p_T(lambda_j))^2 - 1) / (2 lambda_j)  +  phi sum_k  s_k lambda_k v_T(lambda_k) / 2

where p_T is what is left of x after T steps, v_T the variance that a unit of noise makes of it, (lambda_j, w_j) the
gradient's spectral measure, sum_j w_j f(lambda_j) = g^T f(H) g, and (lambda_k, s_k) the noise's, tr(Sigma f(H)): both
by Gauss' quadrature, the nodes of Lanczos' method begun at the gradient and at differences of batch gradients (Golub,
G. & Meurant, G. (2010). Matrices, moments and quadrature, 6). A direction that is flat or bends down is taken as flat:
the loss falls there in a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FLAT = 1e-9  # of the largest curvature: below it a direction is taken as flat


@dataclass(frozen=True)
class Measure:
    """A spectral measure: sum_j weights_j f(nodes_j) is v^T f(H) v, or its mean over some v.

    Attributes:
        nodes: curvatures, shape (k,).
        weights: none negative, shape (k,).
    """

    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def total(self) -> float:
        """v^T v."""
        return float(self.weights.sum())


def expected_fall(
    A: NDArray[np.float64],
    B: NDArray[np.float64],
    steps: int,
    gradient: Measure,
    noise: Measure | None,
    phi: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The expected change of the loss in so many steps: what the gradient brings, and what noise adds.

    Args:
        A, B: of the rules, z <- A z + B g over (x, slots): shapes (..., s, s) and (..., s).
        steps: how many.
        gradient: spectral measure of the full gradient.
        noise: of one row's covariance; None for none.
        phi: what of a row's covariance a batch's mean has, 1/B for B rows drawn with replacement: see `noise_factor`.

    Returns both, of shape (...); inf where a step's matrix grows beyond what double precision holds.

    >>> descent = np.ones((1, 1)), -np.array([0.5])  # gradient descent at lr .5: on curvature 1 the error is halved
    >>> one = Measure(np.array([1.0]), np.array([4.0]))
    >>> expected_fall(*descent, 1, one, one, phi=1 / 4)  # loss from 2 to .5; the noise's variance is 1 * .5^2
    (array(-1.5), array(0.125))
    """
    largest = max(float(gradient.nodes.max()), 0.0 if noise is None else float(noise.nodes.max()))
    least = FLAT * largest if largest > 0 else 1.0
    curvature = np.maximum(gradient.nodes, least)
    with np.errstate(over="ignore", invalid="ignore"):
        p = _after(A, B, steps, curvature)[0][..., 0, 0]
        brings = ((p**2 - 1) / (2 * curvature)) @ gradient.weights
        adds = np.zeros_like(brings)
        if noise is not None:
            curvature = np.maximum(noise.nodes, 0.0)
            v = _after(A, B, steps, curvature)[1][..., 0, 0]
            adds = (v * curvature / 2) @ noise.weights * phi
    return np.where(np.isnan(brings), np.inf, brings), np.where(np.isnan(adds), np.inf, adds)


def _after(
    A: NDArray[np.float64], B: NDArray[np.float64], steps: int, curvature: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """D^T and the sum of D^i B B^T (D^i)^T over the steps, on each curvature: shape (..., k, s, s), by doubling."""
    shape = (*A.shape[:-2], len(curvature), *A.shape[-2:])
    D = np.broadcast_to(A[..., None, :, :], shape).copy()
    D[..., :, 0] += curvature[:, None] * B[..., None, :]
    V = np.broadcast_to((B[..., :, None] * B[..., None, :])[..., None, :, :], shape)
    power, variance = np.broadcast_to(np.eye(A.shape[-1]), shape), np.zeros(shape)
    while True:
        if steps & 1:
            variance = V + D @ variance @ np.swapaxes(D, -1, -2)
            power = D @ power
        steps >>= 1
        if not steps:
            return power, variance
        V = V + D @ V @ np.swapaxes(D, -1, -2)
        D = D @ D
