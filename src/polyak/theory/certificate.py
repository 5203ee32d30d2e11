r"""A certificate: the proof of a rate on paper, checked here by plain arithmetic, whoever found it.

    V_k = zeta_k^T P zeta_k + sum_j p_j f_{k+j},    zeta_k = (z_k, g_k ... g_{k+window-1})

With multipliers that are nowhere negative, for the interpolation conditions c_ij = f_j - f_i + xi^T q_ij xi <= 0,

    V_k + sum_ij mu_ij c_ij                         is a positive definite form: V is positive
    rate^2 V_k - V_{k+1} + sum_ij lambda_ij c_ij    is a positive definite form: V shrinks by rate^2 a step

so that V, and with it the error of x, shrinks by the rate on every function that meets the conditions.

Source: Taylor, A., Van Scoy, B. & Lessard, L. (2018). Lyapunov functions for first-order methods: tight automated
convergence guarantees, theorem 4; with one point it holds all that the weighted off-by-one constraint of Lessard,
Recht & Packard (2016), section 4, can say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.theory.interpolation import Array, Conditions, pairs, values

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Certificate:
    """A Lyapunov function and the multipliers that prove its rate.

    Attributes:
        conditions: what is known of the functions.
        rate: what is proved.
        P: shape (size - 1, size - 1), symmetric, in the units of `conditions`.
        p: shape (window,).
        positive: mu, of `pairs(window)`.
        shrinks: lambda, of `pairs(window + 1)`.
    """

    conditions: Conditions
    rate: float
    P: Array
    p: Array
    positive: Array
    shrinks: Array

    @property
    def margin(self) -> float:
        """The least eigenvalue of the two forms, less what rounding may have done to it: over 0 proves the rate."""
        c = self.conditions
        P = (self.P + self.P.T) / 2
        now, then = c.now.T @ P @ c.now, c.then.T @ P @ c.then
        return min(
            _least([P, *_weighted(self.positive, c.q_now)]),
            _least([self.rate**2 * now, -then, *_weighted(self.shrinks, c.q)]),
        )

    @property
    def holds(self) -> bool:
        """Whether the rate is proved: both forms positive definite, no multiplier negative, no value of f left over."""
        least = min(self.positive.min(), self.shrinks.min())
        return bool(least >= 0 and self.left_over <= _ROUNDED and self.margin > 0)

    @property
    def left_over(self) -> float:
        """The largest coefficient of a value of f that does not cancel, beside the multipliers' size."""
        w = self.conditions.window
        positive = self.p + values(w) @ self.positive
        shrinks = _shift(self.p, self.rate) + values(w + 1) @ self.shrinks
        size = max(np.abs(self.p).max(), self.positive.max(), self.shrinks.max())
        return float(max(np.abs(positive).max(), np.abs(shrinks).max()) / size)


_ROUNDED = 64 * EPS


def mended(c: Conditions, rate: float, P: Array, p: Array, positive: Array, shrinks: Array) -> Certificate:
    """A certificate of what a solver gave: multipliers up to 0 at least, and the values of f cancelled exactly.

    A value that is left over is put on that point's condition with the minimiser.
    """
    w = c.window
    positive, shrinks = np.maximum(positive, 0.0), np.maximum(shrinks, 0.0)
    for _ in range(2):  # the second time takes off what the first one's rounding left
        positive = _cancelled(w, p, positive)
        shrinks = _cancelled(w + 1, _shift(p, rate), shrinks)
    return Certificate(c, rate, P, p, positive, shrinks)


def _shift(p: Array, rate: float) -> Array:
    """The coefficients of f_0 ... f_window in rate^2 V_0 - V_1."""
    return np.asarray(np.append(rate**2 * p, 0.0) - np.append(0.0, p))


def _cancelled(points: int, given: Array, multipliers: Array) -> Array:
    over, index = given + values(points) @ multipliers, pairs(points).index
    cancelled = multipliers.copy()
    for i, rest in enumerate(over):
        cancelled[index((i, points) if rest > 0 else (points, i))] += abs(rest)
    return cancelled


def _weighted(weights: Array, forms: NDArray[np.float64]) -> list[Array]:
    return [weight * form for weight, form in zip(weights, forms, strict=True)]


def _least(terms: list[Array]) -> float:
    """The least eigenvalue of a sum of forms, less a bound on its rounding; -inf where one is not finite."""
    total = np.sum(terms, axis=0)
    if not np.isfinite(total).all():
        return -np.inf
    size = float(np.sum([np.linalg.norm(term) for term in terms]))
    return float(np.linalg.eigvalsh(total)[0]) - 4 * len(total) * EPS * size
