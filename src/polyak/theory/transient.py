r"""The steps that a run takes, and how high it swings first, from the matrix of its step: transient and all.

    x_k = e_x^T M^k e_x,    steps to q = the first k from which |x_j| <= q for all j >= k,    peak = max |x_k|

No rate stands for a run: at critical damping x_k = (1 + c k) mu^k, which takes longer than mu^k and may grow first.
What happens beyond a step is bounded by Newton's form of M^k on the eigenvalues, which needs no eigenvectors,

    |x_k| <= sum over j < s of  |e_x^T (M - mu_1) .. (M - mu_j) e_x|  C(k, j)  rate^(k-j)

and every step before it is looked at, a block at a time; from some two million steps on a sample of them, closing in,
which two rows have in closed form: x_k = mu_1^k (1 + (M_xx / mu_1 - 1) (1 - r^k) / (1 - r)), r = mu_2 / mu_1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.theory.spectrum import spectrum

MOST = 2**21  # steps that are looked at one by one
BLOCK, BLOCKS = 2**9, 2**6  # steps in a block, and blocks looked at together
SAMPLES, BESIDE = 2**10, 8  # places of a long run; steps in a row at each, and places between two
FINEST = 1e-14  # of a number of steps: closer it is not looked for
BISECTIONS = 40
LEAST_LOG = -700.0  # of a rate: below, an error is gone after a few steps

Matrices = NDArray[np.float64]


def steps_until(bound: float, D: Matrices, weights: NDArray[np.float64] | None = None) -> float:
    """The first step from which on x, of length 1 at the start, is at most `bound`, whatever it did before.

    Args:
        bound: over 0.
        D: one step, M - 1, of coordinates that move alone: shape (n, s, s), z = (x, slots).
        weights: how far each begins, shape (n,); 1 by default. Of several the length sqrt(sum of squares) is meant.

    Returns inf where that never comes, nan where a rate cannot be told from 1. Of more than some two million steps the
    number is that of a sample: to within a ripple. The slots are empty at the start.

    >>> steps_until(0.25, np.array([[[-0.5]]]))
    2.0
    """
    run = _Run(D, np.ones(len(D)) if weights is None else np.abs(weights))
    if not run.decided:
        return run.undecided
    end = run.end(bound)
    if end <= MOST:
        for first, sizes in run.backwards(end):
            above = np.flatnonzero(sizes > bound)
            if len(above):
                return float(first + above[-1] + 1)
        return 0.0
    begin, length, steps = 0, end, 0.0
    while True:
        stride = -(-length // SAMPLES)
        k, sizes = run.sampled(begin, stride)
        if (sizes > bound).any():
            begin = int(k[sizes > bound].max())
            steps = float(begin + 1)
        if stride <= max(1, begin * FINEST):
            return steps
        length = 2 * stride


def peak(D: Matrices) -> float:
    """The largest |x_k| of one coordinate from a distance of 1, D of shape (s, s): at least 1; inf where it diverges.

    nan where the rate cannot be told from 1 and the step is not 0.

    >>> round(peak(np.array([[-2.4, -0.5], [2.4, -0.5]])), 9)  # a heavy ball thrown over the minimum
    1.4
    """
    run = _Run(D[None], np.ones(1))
    if not run.decided:
        return 1.0 if not run.moves else run.undecided
    end = run.end(1.0)
    if end <= MOST:
        return max([1.0, *(float(sizes.max()) for _, sizes in run.backwards(end))])
    most, begin, length = 1.0, 0, end
    while True:
        stride = -(-length // SAMPLES)
        k, sizes = run.sampled(begin, stride)
        most = max(most, float(sizes.max()))
        if stride <= max(1, begin * FINEST):
            return most
        begin, length = max(int(k[sizes.argmax()]) - stride, 0), 2 * stride


class _Run:
    """A run of coordinates that move alone, from given distances with empty slots."""

    def __init__(self, D: Matrices, weights: NDArray[np.float64]) -> None:
        self.delta, self.log_rates, _ = spectrum(D)
        self.D, self.weights, self.size = D, weights, D.shape[-1]
        self.moves = bool(self.delta[:, 0].any())
        self.decided = bool((self.log_rates < 0).all())
        untold = self.moves and bool((self.log_rates <= 0).all())
        self.undecided = math.nan if untold else math.inf
        self.newton = np.log(np.maximum(self._newton(self.delta), 1e-300))

    def _newton(self, delta: NDArray[np.complex128]) -> NDArray[np.float64]:
        """|e_x^T (D - delta_1) .. (D - delta_j) e_x| for j = 0 .. s - 1: shape (n, s)."""
        row = np.broadcast_to(np.eye(self.size)[0] + 0j, delta.shape)
        factors = [row[:, 0]]
        for j in range(self.size - 1):
            row = np.einsum("ni,nij->nj", row, self.D) - delta[:, j, None] * row
            factors.append(row[:, 0])
        return np.asarray(np.abs(np.stack(factors, axis=-1)))

    def end(self, bound: float) -> int:
        """A step from which on the length is at most `bound` for certain."""
        log_bound, rates = math.log(bound), np.maximum(self.log_rates, LEAST_LOG)
        low = high = max(float(self.size), float((self.size / -rates).max()))  # from here on every term falls
        while self._log_bound(high, rates) > log_bound:
            low, high = high, 2 * high
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._log_bound(middle, rates) > log_bound else (low, middle)
        return math.ceil(high)

    def _log_bound(self, k: float, log_rates: NDArray[np.float64]) -> float:
        j = np.arange(self.size)
        choose = j * math.log(k) - np.array([math.lgamma(i + 1) for i in j])
        terms = self.newton + choose + (k - j) * log_rates[:, None]
        with np.errstate(divide="ignore"):
            return float(np.logaddexp.reduce(terms + np.log(self.weights)[:, None], axis=None))

    def backwards(self, end: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """The lengths at steps 0 .. end and a few more, the last ones first: with the step that each part begins at."""
        M = self.D + np.eye(self.size)
        rows, further = np.broadcast_to(np.eye(self.size)[:1], (len(M), 1, self.size)), M
        while rows.shape[1] < BLOCK:
            rows = np.concatenate([rows, rows @ further], axis=1)  # e_x^T M^i
            further = further @ further
        begins = np.broadcast_to(np.eye(self.size)[:, :1], (len(M), self.size, 1))
        while begins.shape[-1] * BLOCK <= end:
            begins = np.concatenate([begins, further @ begins], axis=-1)
            further = further @ further
        count = end // BLOCK + 1
        for stop in range(count, 0, -BLOCKS):
            first = max(stop - BLOCKS, 0)
            x = np.swapaxes(rows @ begins[..., first:stop], 1, 2)
            yield first * BLOCK, self._length(x.reshape(len(M), -1))

    def sampled(self, begin: int, stride: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Steps begin, begin + stride .. with a few beside each and a few in between, and the lengths there."""
        beside = (
            [] if stride == 1 else [*range(1, BESIDE), *(j + j * stride // BESIDE for j in range(1, BESIDE))]
        )
        k = float(begin) + np.arange(SAMPLES) * float(stride) + np.array([0, *beside], dtype=float)[:, None]
        with np.errstate(all="ignore"):  # of what has died out, and of large powers of ones that nearly meet
            x = self._closed(k.ravel()) if self.size <= 2 else self._powers(begin, stride, [0, *beside])
        return k.ravel(), self._length(x)

    def _closed(self, k: NDArray[Any]) -> NDArray[np.float64]:
        """|x_k| from the one or two eigenvalues: shape (n, len(k))."""
        delta, fades = self.delta[..., None], np.exp(k * self.log_rates[:, None])
        if self.size == 1:
            return np.asarray(fades)
        mu = 1 + delta[:, 0]
        between = (delta[:, 1] - delta[:, 0]) / mu  # r - 1
        one, gone = between == 0, between == -1
        over = np.where(one | gone, 1, between)
        terms = np.where(one, k, np.where(gone, k > 0, np.expm1(k * np.log1p(over)) / over))
        return np.asarray(fades * np.abs(1 + (self.D[:, 0, 0, None] - delta[:, 0]) / mu * terms))

    def _powers(self, begin: int, stride: int, beside: list[int]) -> NDArray[np.float64]:
        """x from the powers of the matrix, shape (n, len(beside) * SAMPLES)."""
        further = self._power(stride)
        z = np.eye(self.size)[:, :1] + self._power(begin)[..., :1]
        while z.shape[-1] < SAMPLES:
            z = np.concatenate([z, z + further @ z], axis=-1)
            further = 2 * further + further @ further
        rows = np.eye(self.size)[0] + np.stack([self._power(k)[:, 0] for k in beside], axis=1)
        return np.asarray((rows @ z).reshape(len(rows), -1))

    def _power(self, k: int) -> Matrices:
        """M^k - 1, which is as small as k D to begin with."""
        power, factor = np.zeros_like(self.D), self.D
        while k:
            if k & 1:
                power = power + factor + power @ factor
            factor, k = 2 * factor + factor @ factor, k >> 1
        return power

    def _length(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.abs(x) * self.weights[:, None]
        return np.asarray(x[0] if len(x) == 1 else np.sqrt((x**2).sum(0)))
