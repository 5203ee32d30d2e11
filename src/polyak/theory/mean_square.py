r"""The mean-square edge: the learning rate beyond which the expected loss of mini-batch training grows without end.

In the eigenbasis of the Hessian each pair (i, j) of coordinates spreads by a discrete Lyapunov equation of its own,
S_ij = M_i S_ij M_j^T + B B^T C_ij with M_i = A + lambda_i B e_x^T, so that the part of x is kappa_ij C_ij; and the
noise that the batches make grows with the spread:

    C  <-  phi (mean_i H_i X H_i  -  H X H),    X = kappa o C,

    phi = 1/b with replacement,    (n - b) / (b (n - 1)) without, each batch drawn anew

The edge is where this map of covariances stops shrinking. kappa is a quotient of polynomials of degree s in each of the
two curvatures, s the size of the rule's state: found once for a learning rate, it serves any number of pairs.

Source: Bach, F. & Moulines, E. (2013), for the recursion of gradient descent; here for any linear rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from polyak.theory.step_map import StepMap

EXACT = 1e-6  # relative: how near the edge is closed in on
ROUGH = 1e-2  # the same, for a first look
ROUNDING = 1e-12  # relative: a spread of the rows' Hessians below it is none
ROUNDS = 500  # of the map of covariances, for its growth
SINGLE = 1e-5  # from this exactness on single precision is near enough,
MANY = 200  # for so many curvatures that it is quicker
SMALL = 1e-3  # of the full batch's edge: where it is looked first
MOST_LOOKS = 100


class Spread(Protocol):
    """What is asked of rows: their mean curvatures, and what their own Hessians make of a second moment."""

    @property
    def curvatures(self) -> NDArray[np.float64]:
        """The mean Hessian's, in whose eigenbasis everything is, rising, shape (k,)."""

    def mean_of(self, X: NDArray[np.float64], /) -> NDArray[np.float64]:
        """The mean of H_i X H_i over the rows, for a symmetric X of shape (k, k)."""


def noise_factor(batch_size: int, rows: int, *, replace: bool) -> float:
    """phi: the covariance of a batch's mean, in that of one row.

    >>> noise_factor(4, 1000, replace=True), noise_factor(1000, 1000, replace=False)
    (0.25, 0.0)
    """
    return 1 / batch_size if replace else (rows - batch_size) / (batch_size * max(rows - 1, 1))


class Growth:
    """The factor by which noise breeds noise, asked at one learning rate after the other.

    It is below 1 where the expected loss settles, and above where it grows; inf beyond the full batch's edge. It is
    the spectral radius of C <- phi (mean_i H_i X H_i - H X H), X = kappa o C, by powers from a covariance: the map
    keeps covariances what they are, so that its largest eigenvalue is met with one sign, and its quotient in the inner
    product in which the map is symmetric is off by the square of what the covariance is off by. The covariance found
    for one learning rate is the next one's first.
    """

    def __init__(self, rows: Spread, phi: float) -> None:
        self.rows, self.phi = rows, phi
        self.products = np.outer(rows.curvatures, rows.curvatures)
        self.covariance = rows.mean_of(np.eye(len(rows.curvatures)))

    @property
    def noiseless(self) -> bool:
        """Whether all rows are of one Hessian, so that a batch of any size has it too."""
        noise = np.diag(self.covariance) - self.rows.curvatures**2
        return bool((noise <= ROUNDING * self.rows.curvatures**2).all())

    def __call__(self, step: StepMap, exact: float = EXACT) -> float:
        """The factor of a step, to the relative exactness asked for."""
        kappa = spread_per_noise(step, self.rows.curvatures)
        if kappa is None:
            return math.inf
        C, value = self.covariance, 0.0
        rows: Spread = self.rows
        if exact >= SINGLE and len(kappa) >= MANY:
            rows = getattr(self.rows, "single", self.rows)
        for _ in range(ROUNDS):
            C = C / np.linalg.norm(C)
            X = kappa * C
            image = self.phi * (rows.mean_of(X) - self.products * X)
            before, value = value, float((X * image).sum() / (X * C).sum())
            C = (image + image.T) / 2  # rounding that is not symmetric would grow
            if abs(value - before) <= exact * abs(value):
                break
        self.covariance = C
        return value


def mean_square_edge(
    step_at: Callable[[float], StepMap], rows: Spread, phi: float, full_batch: float
) -> float:
    """The learning rate from which on the expected loss grows without end.

    Args:
        step_at: the rule's step at a learning rate.
        rows: of the problem.
        phi: see `noise_factor`; at 0 the batches make no noise.
        full_batch: the full batch's edge, which this one is never beyond.

    The growth is all but proportional to the learning rate at first, and without bound at the full batch's edge: the
    learning rate over it is all but a straight line, from which the crossing is found in a few steps.
    """
    growth = Growth(rows, phi)
    if phi == 0 or growth.noiseless:
        return full_batch

    def beyond(lr: float, exact: float) -> float:
        """The learning rate less what it would be at a growth of 1, were that proportional: negative before it."""
        return lr - lr / growth(step_at(lr), exact)

    low, high = (0.0, -math.inf), (full_batch, full_batch)
    lr = SMALL * full_batch
    at_lr = beyond(lr, ROUGH)
    for _ in range(MOST_LOOKS):
        low, high = ((lr, at_lr), high) if at_lr < 0 else (low, (lr, at_lr))
        if high[0] - low[0] <= EXACT * high[0] or abs(at_lr) <= EXACT / 4 * lr:
            break
        lr = _next(low, high)
        at_lr = beyond(lr, min(ROUGH, max(EXACT / 10, 0.01 * (high[0] - low[0]) / high[0])))
    return lr


def _next(low: tuple[float, float], high: tuple[float, float]) -> float:
    """Where a straight line between two looks crosses 0, a little aside, so that the ends close in from both sides."""
    (a, at_a), (b, at_b) = low, high
    if not math.isfinite(at_a):
        return b / 2
    lr = a - at_a * (b - a) / (at_b - at_a)
    aside = 0.05 * min(lr - a, b - lr)
    return lr + (aside if lr - a < b - lr else -aside)


def spread_per_noise(step: StepMap, curvatures: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """kappa, shape (k, k): the covariance of x_i and x_j for noise of covariance 1; None where one diverges.

    Both parts of the quotient are read off on roots of unity, where interpolation magnifies nothing:

        kappa(l, l') = N(l, l') / det(1 - M(l) (x) M(l')),    N = det(...) times the solution's part of x
    """
    M = step.on(curvatures)
    if not np.abs(np.linalg.eigvals(M)).max() < 1:
        return None
    top, s = float(curvatures.max()), len(step.B)
    nodes = top * np.exp(2j * np.pi * np.arange(s + 1) / (s + 1))
    at = step.A + nodes[:, None, None] * step.B[:, None] * np.eye(s)[0]
    matrices = np.eye(s * s) - np.einsum("pij,qkl->pqikjl", at, at).reshape(s + 1, s + 1, s * s, s * s)
    noise = np.kron(step.B, step.B).astype(complex)
    determinants = np.linalg.det(matrices)
    right = np.broadcast_to(noise, (s + 1, s + 1, s * s))[..., None]
    numerators = determinants * np.linalg.solve(matrices, right)[..., 0, 0]
    below, above = (np.fft.fft2(values).real / (s + 1) ** 2 for values in (determinants, numerators))
    below[0, 0] = 0.0  # where nothing pulls, x stays: exactly 1 is an eigenvalue
    powers = (curvatures / top)[:, None] ** np.arange(s + 1)
    return np.asarray((powers @ above @ powers.T) / (powers @ below @ powers.T))
