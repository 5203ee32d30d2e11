r"""Batch gradients taken in one after the other, and what they say of a row's gradient: two vectors are kept, no more.

A batch b of n_b rows has the gradient g_b, the mean of its rows'. With the running mean m_b of the first N_b rows,

    u_b = sqrt(n_b N_{b-1} / N_b) (g_b - m_{b-1}),    E u_b = 0,  Cov u_b = Sigma,  u_b and u_c uncorrelated
    E |u_b|^2 = tr Sigma,    E g_b . m_{b-1} = |G|^2,    E (u_b . u_{b+1})^2 = tr Sigma^2

where G is the mean and Sigma the covariance of one row's gradient: Helmert's contrasts, for batches of any sizes, which
are uncorrelated with m_b as well. The mean of |u_b|^2 is the weighted sample covariance's trace, and a mean of
g_b . m_{b-1} with weights n_b N_{b-1} is the mean of all products of two different batches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from array_api_compat import array_namespace
from scipy import special

from polyak.frameworks.bridge import Vector

SQUARE_LEVEL = 0.025  # of the interval of |G|^2: with the trace's it makes that of the ratio
FEWEST = 8  # batches, below which their spread is no measure of itself
TRACE_LEVEL = 0.03  # of the trace's interval: the contrasts' spread is itself estimated, and a little small


class Interval(NamedTuple):
    """Between these two, 95 times of 100."""

    low: float
    high: float


@dataclass
class Readings:
    """What a list of batch gradients says of the mean and the covariance of one row's.

    Attributes:
        batches: how many were taken in.
        rows: in all of them.
        mean: their mean over rows, m_b.
        squares: |u_b|^2, one for each batch after the first.
    """

    batches: int = 0
    rows: int = 0
    mean: Vector = None
    squares: list[float] = field(default_factory=list)
    _contrast: Vector = None
    _crossed: list[float] = field(default_factory=list)
    _along: list[tuple[float, float]] = field(default_factory=list)
    _largest: float = 0.0
    _products: float = 0.0
    _pairs: float = 0.0

    def take(self, gradient: Vector, rows: int) -> None:
        """One batch more."""
        before, after = self.rows, self.rows + rows
        self._largest = max(self._largest, dot(gradient, gradient))
        if self.mean is None:
            self.mean = gradient
        else:
            difference = gradient - self.mean
            contrast = math.sqrt(rows * before / after) * difference
            self.squares.append(dot(contrast, contrast))
            self._products += rows * before * dot(gradient, self.mean)
            self._pairs += rows * before
            if self._contrast is not None:
                self._crossed.append(dot(contrast, self._contrast) ** 2)
            self._contrast = contrast
            self.mean = self.mean + (rows / after) * difference
            self._along.append((after, dot(contrast, self.mean) ** 2))
        self.batches, self.rows = self.batches + 1, after

    @property
    def trace(self) -> float:
        """tr Sigma, without bias."""
        return float(np.mean(self.squares))

    def trace_interval(self) -> Interval:
        """Where tr Sigma is: nu S / tr Sigma is taken as chi-square, nu by the spread of the |u_b|^2.

        One batch more or less shifts nu, so that its own uncertainty is put in by Student's t.
        """
        S, number = self.trace, len(self.squares)
        variance = float(np.var(self.squares, ddof=1)) / number
        if not variance > 0:
            return Interval(S, S)
        wider = float(special.stdtrit(number - 1, 1 - TRACE_LEVEL / 2) / special.ndtri(1 - TRACE_LEVEL / 2))
        nu = 2 * S**2 / (variance * wider**2)
        low, high = special.chdtri(nu, [TRACE_LEVEL / 2, 1 - TRACE_LEVEL / 2])
        return Interval(nu * S / float(low), nu * S / float(high) if high > 0 else math.inf)

    @property
    def mean_square(self) -> float:
        """|m|^2, the square of the mean over the rows that were read."""
        return dot(self.mean, self.mean)

    @property
    def rounding(self) -> float:
        """What |m|^2 may be by rounding alone."""
        eps = float(array_namespace(self.mean).finfo(self.mean.dtype).eps)
        return (10 * eps) ** 2 * self._largest

    @property
    def square(self) -> float:
        """|G|^2 of what the rows were drawn from, without bias: it may come out negative."""
        return self._products / self._pairs

    def square_interval(self) -> Interval:
        """Where |G|^2 is, by Student's t; its lower end may be negative."""
        along, across = self._spreads()
        q = self._quantile() * math.sqrt(4 * along / self.rows + 2 * across / self.rows**2)
        return Interval(self.square - q, self.square + q)

    def rows_needed(self, square: float) -> float:
        """How many rows until the interval of |G|^2 leaves 0, were this its value."""
        if square <= 0:
            return math.inf
        along, across = self._spreads()
        q = self._quantile() ** 2
        return (2 * along * q + math.sqrt((2 * along * q) ** 2 + 2 * across * q * square**2)) / square**2

    def _spreads(self) -> tuple[float, float]:
        """G^T Sigma G and tr Sigma^2: over N rows `square` has the variance 4 of the one / N + 2 of the other / N^2.

        (u_b . m_b)^2 is the one and the other / N_b on average; the one is never taken below 0.
        """
        rows, along = np.array(self._along).T
        across = float(np.mean(self._crossed))
        return max(float(along @ rows - len(along) * across) / float(rows.sum()), 0.0), across

    def _quantile(self) -> float:
        return float(special.stdtrit(self.batches - 2, 1 - SQUARE_LEVEL / 2))


def dot(a: Vector, b: Vector) -> float:
    """a . b of two vectors of one framework."""
    return float(array_namespace(a).sum(a * b))
