r"""Where the eigenvalues of a matrix that depends on a number cross the unit circle: all such places, without a search.

M(t) = M_0 + t M_1 has an eigenvalue on the circle that is 1, that is -1, or that is one of a pair whose product is 1:

    det(M(t) - 1) = 0,    det(M(t) + 1) = 0,    det(C(M(t)) - 1) = 0

C is the second compound, whose eigenvalues are the products mu_i mu_j, i < j, and whose entries are quadratic in t.
Each is an eigenvalue problem in t. Between two neighbouring places nothing changes: one look tells whether M is stable.

Source: Guckenheimer, J., Myers, M. & Sturmfels, B. (1997). Computing Hopf bifurcations I, for the pair's equation.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from polyak.theory.spectrum import spectrum

Intervals = tuple[tuple[float, float], ...]

REAL = 1e-6  # how far from real, relatively, a place may be found by rounding alone
APART = 1e-9  # relative distance at which two places are one


def stable_set(D: NDArray[np.float64], M1: NDArray[np.float64]) -> Intervals:
    """The open intervals of t > 0 on which 1 + D + t M1 is stable, in their order; D and M1 of shape (s, s).

    >>> stable_set(np.zeros((1, 1)), -np.ones((1, 1)))
    ((0.0, 2.0),)
    """
    D, M1 = _balanced(D, M1)
    unit = float(np.abs(M1).max())
    M1 = M1 / unit if unit else M1
    ends = np.concatenate([[0.0], _places(D, M1) if unit else [], [math.inf]])
    inside = np.array([_inside(low, high) for low, high in itertools.pairwise(ends)])
    stable = spectrum(D + inside[:, None, None] * M1)[1] < 0
    intervals: list[tuple[float, float]] = []
    for low, high in np.stack([ends[:-1], ends[1:]], axis=1)[stable].tolist():
        begin = intervals.pop()[0] if intervals and intervals[-1][1] == low else low
        intervals.append((begin, high))
    return tuple((low / unit, high / unit) if unit else (low, high) for low, high in intervals)


def common(sets: list[Intervals]) -> Intervals:
    """What several unions of intervals have in common.

    >>> common([((0.0, 2.0), (3.0, 5.0)), ((1.0, 4.0),)])
    ((1.0, 2.0), (3.0, 4.0))
    """
    shared = sets[0]
    for other in sets[1:]:
        meets = [(max(a, c), min(b, d)) for a, b in shared for c, d in other]
        shared = tuple(sorted((low, high) for low, high in meets if low < high))
    return shared


def first_end(intervals: Intervals) -> float:
    """Where the interval that begins at 0 ends; 0 where none does.

    >>> first_end(((0.0, 2.0), (3.0, 5.0))), first_end(((1.0, 2.0),))
    (2.0, 0.0)
    """
    return intervals[0][1] if intervals and intervals[0][0] == 0 else 0.0


def _inside(low: float, high: float) -> float:
    if high == math.inf:
        return max(2 * low, 1.0)
    return math.sqrt(low * high) if low else high / 2


def _balanced(
    D: NDArray[np.float64], M1: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same with each number of z in units of what M_1 e_x moves it by, sooner or later."""
    z = moved = np.abs(M1[:, 0])
    for _ in range(len(D) - 1):
        z = np.abs(D + np.eye(len(D))) @ z
        moved = np.maximum(moved, z)
    scale = np.where(moved > 0, moved, 1.0)
    return D * (scale / scale[:, None]), M1 * (scale / scale[:, None])


def _places(D: NDArray[np.float64], M1: NDArray[np.float64]) -> NDArray[np.float64]:
    """The positive t at which an eigenvalue may be on the circle, rising."""
    from scipy.linalg import eigvals

    s, unit = len(D), np.eye(len(D))
    crossings = [eigvals(D, -M1), eigvals(D + 2 * unit, -M1)]
    if s > 1:
        M0 = D + unit
        K0, K1, K2 = (
            _compound(M0, M0) / 2 - np.eye(s * (s - 1) // 2),
            _compound(M0, M1),
            _compound(M1, M1) / 2,
        )
        one, none = np.eye(len(K0)), np.zeros_like(K0)
        crossings.append(eigvals(np.block([[none, one], [-K0, -K1]]), np.block([[one, none], [none, K2]])))
    t = np.concatenate(crossings)
    t = t[np.isfinite(t)]
    t = np.sort(t.real[(np.abs(t.imag) <= REAL * np.abs(t)) & (t.real > 0)])
    return t[np.diff(t, prepend=0.0) > APART * t]


def _compound(M: NDArray[np.float64], N: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric bilinear form whose half at (M, M) is the second compound of M: shape (pairs, pairs)."""
    i, j = np.triu_indices(len(M), 1)

    def minors(M: NDArray[np.float64], N: NDArray[np.float64]) -> NDArray[np.float64]:
        return M[np.ix_(i, i)] * N[np.ix_(j, j)] - M[np.ix_(i, j)] * N[np.ix_(j, i)]

    return np.asarray(minors(M, N) + minors(N, M))
