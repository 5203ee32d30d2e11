r"""What a step does to every function with curvature between m and L, as quadratic forms and nothing else.

A rule meets a function only at its points. Points (x_i, g_i, f_i) lie on one function with curvature between m and L if
and only if for each two of them (L = 1 here, kappa = m/L)

    f_i >= f_j + g_j dx + (dg^2 + kappa dx^2 - 2 kappa dg dx) / (2 (1 - kappa)),    dx = x_i - x_j,    dg = g_i - g_j

The minimiser, x = g = f = 0, is a point as the others are. All of these are forms in one vector,
xi = (z_0, g_0, g_1 ... g_n), for the rule itself tells the rest: z_{k+1} = A z_k + B g_k. A form in numbers holds for
vectors of any dimension too, for the rule moves each entry alone.

Source: Taylor, A. B., Hendrickx, J. M. & Glineur, F. (2017). Smooth strongly convex interpolation and exact worst-case
performance of first-order methods, theorem 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from polyak.theory.step_map import StepMap

Array = NDArray[np.float64]
SETTLING = 50  # steps over which the size of each slot is looked at


@dataclass(frozen=True, eq=False)
class Conditions:
    """The forms of `window` + 1 points in a row, over xi = (z_0, g_0 ... g_window), shape (size,).

    Attributes:
        window: how many points a Lyapunov function sees.
        now: z_0, g_0 ... g_{window-1} as rows over xi, shape (size - 1, size).
        then: the same a step later.
        q: the form of each pair (i, j) of `pairs(window + 1)`, f_j - f_i + xi^T q xi <= 0; shape (pairs, size, size).
        scale: what each number of z was divided by, for all to be of a size, shape (s,).
    """

    window: int
    now: Array
    then: Array
    q: Array
    scale: Array

    @property
    def size(self) -> int:
        """How many numbers xi has."""
        return int(self.now.shape[1])

    @property
    def q_now(self) -> Array:
        """The forms of the pairs of `pairs(window)`, over what a Lyapunov function sees."""
        seen = [k for k, pair in enumerate(pairs(self.window + 1)) if self.window not in pair]
        return self.q[seen, :-1, :-1]


def conditions(step: StepMap, m: float, L: float, window: int) -> Conditions:
    """The conditions of a step on all functions with curvature from m to L > m.

    Gradients are taken in units of L, and each slot in units of its own size: a form whose numbers are of very
    different sizes is none that a solver can handle.
    """
    scale = _sizes(step, (m + L) / 2, L)
    A, B, kappa = step.A * scale / scale[:, None], step.B * L / scale, m / L
    s = len(B)
    xi = np.eye(s + window + 1)
    g = [*xi[s:], np.zeros(len(xi))]
    z = [xi[:s]]
    for k in range(window + 1):
        z.append(A @ z[-1] + np.outer(B, g[k]))
    x = [*(row[0] for row in z[: window + 1]), np.zeros(len(xi))]
    q = [_form(x[i] - x[j], g[i] - g[j], g[j], kappa) for i, j in pairs(window + 1)]
    then = np.vstack([z[1], xi[s + 1 :]])
    return Conditions(window, xi[:-1], then, np.array(q), scale)


@cache
def pairs(points: int) -> tuple[tuple[int, int], ...]:
    """All ordered pairs of so many points and the minimiser, which is the last.

    >>> pairs(1)
    ((0, 1), (1, 0))
    """
    return tuple(permutations(range(points + 1), 2))


@cache
def values(points: int) -> Array:
    """What the pairs' conditions make of f_0 ... f_{points-1}: f_j - f_i, shape (points, pairs)."""
    signs = np.zeros((points + 1, len(pairs(points))))
    for k, (i, j) in enumerate(pairs(points)):
        signs[j, k], signs[i, k] = 1.0, -1.0
    return signs[:-1]  # the minimiser's value is 0


def _form(dx: Array, dg: Array, g: Array, kappa: float) -> Array:
    convex = _product(g, dx)
    curved = np.outer(dg, dg) + kappa * np.outer(dx, dx) - 2 * kappa * _product(dg, dx)
    return convex + curved / (2 * (1 - kappa))


def _product(a: Array, b: Array) -> Array:
    return (np.outer(a, b) + np.outer(b, a)) / 2


def _sizes(step: StepMap, curvature: float, L: float) -> Array:
    """How large each slot becomes beside an x of 1, on a curvature of the middle."""
    M, z = step.on(curvature), np.eye(len(step.B))[0]
    sizes = np.maximum(np.abs(step.B * L), z)
    for _ in range(SETTLING):
        z = M @ z
        if not np.abs(z).max() < 1e3:
            break
        sizes = np.maximum(sizes, np.abs(z))
    sizes[0] = 1.0
    return np.where(sizes > 0, sizes, 1.0)
