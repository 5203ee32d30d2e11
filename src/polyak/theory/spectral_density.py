r"""The trace of a matrix and the density of its spectrum, from the products with a few random vectors.

What Lanczos' method has found is taken out first: Y its k Ritz vectors, with Y^T A Y = diag(theta). On the n - k
dimensions that are left each random u of norm 1, orthogonal to Y, gives the rest of the trace without bias,

    tr A = sum_i theta_i + (n - k) E[u^T A u],    Var[(n - k) u^T A u] = 2 N / (N + 2) (F^2 - t^2 / N),   N = n - k,

F^2 = N E[|A u|^2] and t the trace of what is left; and a few products from u give nodes and weights of Gauss'
quadrature, whose mean over the vectors is the density of what is left (stochastic Lanczos quadrature).

The interval is Student's, with as many degrees of freedom as there are eigenvalues that count in F^2, for each vector:
(sum lambda^2)^2 / sum lambda^4.

Sources: Hutchinson, M. F. (1990), with the largest values taken out as in Meyer, R. A. et al. (2021). Hutch++,
algorithm 1; Ubaru, S., Chen, J. & Saad, Y. (2017). Fast estimation of tr(f(A)) via stochastic Lanczos quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.ground.progress import Progress, silent
from polyak.ground.shown import Shown
from polyak.theory.extremes import Extremes

STEPS = 8  # products a vector: exact for polynomials up to degree 15
LEVEL = 0.975  # each side


@dataclass(frozen=True, eq=False)
class Density(Shown):
    """The spectrum as a measure: a part of all eigenvalues at each node.

    Attributes:
        nodes: where, rising, shape (k,).
        weights: which part of all eigenvalues, shape (k,); they add up to 1. Where an eigenvalue was found by itself
            it is 1/n.
        vectors: how many random vectors it is the mean of; 0 where all eigenvalues were found.
        trace: the sum of the eigenvalues, as estimated.
        trace_interval: where it lies, 95 times of 100.
    """

    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]
    vectors: int
    trace: float
    trace_interval: tuple[float, float]

    def __str__(self) -> str:
        low, high = (readable(end) for end in self.trace_interval)
        how = (
            f"from {self.vectors} random vector{'s' * (self.vectors != 1)}" if self.vectors else "known whole"
        )
        return f"a spectrum from {readable(self.nodes[0])} to {readable(self.nodes[-1])}, {how}; trace {low} to {high}"


def density(
    found: Extremes, vectors: int, *, steps: int = STEPS, seed: int = 0, progress: Progress = silent
) -> Density:
    """The density and the trace of the matrix whose ends were found.

    Args:
        found: its ends; the basis is used up by this.
        vectors: random ones, at least 1.
        steps: products with the matrix for each.
        seed: of them.
        progress: called after each vector.
    """
    krylov, ritz, n = found.krylov, found.ritz, found.krylov.A.size
    k = len(ritz.values)
    known = float(ritz.values.sum())
    if krylov.whole:
        around = k * ritz.rounding
        return Density(ritz.values, np.full(k, 1 / k), 0, known, (known - around, known + around))
    krylov.restart(found.outside(max(0, k - max(0, k + steps + 1 - krylov.most))), drop=True)
    theta = krylov.ritz().values
    known, N = float(theta.sum()), n - len(theta)
    # apart from the wanted values, for what the search drew must not be drawn again
    generator = np.random.default_rng([seed, 1])
    nodes, weights = [theta], [np.full(len(theta), 1 / n)]
    for done in range(vectors):
        at, parts = krylov.probe(krylov.A.random(generator), min(steps, N))
        nodes.append(at)
        weights.append(parts * N / n / vectors)
        progress(done + 1, vectors)
    rest, half = _rest(nodes[1:], [part * n * vectors / N for part in weights[1:]], N)
    half += len(theta) * ritz.rounding
    order = np.argsort(np.concatenate(nodes))
    return Density(
        np.concatenate(nodes)[order],
        np.concatenate(weights)[order],
        vectors,
        known + rest,
        (known + rest - half, known + rest + half),
    )


def _rest(
    nodes: list[NDArray[np.float64]], weights: list[NDArray[np.float64]], N: int
) -> tuple[float, float]:
    """The trace of what is left, and half of its interval."""
    from scipy.stats import t as student

    m = len(nodes)
    first, second, fourth = (
        float(np.mean([(w * x**power).sum() for x, w in zip(nodes, weights, strict=True)]))
        for power in (1, 2, 4)
    )
    trace = N * first
    if fourth == 0:
        return trace, 0.0
    variance = 2 * N / (N + 2) * max(N * second - trace**2 / N, 0.0) / m
    count = m * N * second**2 / fourth
    return trace, float(student.ppf(LEVEL, max(count, 1.0)) * np.sqrt(variance))
