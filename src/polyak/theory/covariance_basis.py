r"""The spread of mini-batch training on least squares of many parameters, by a small basis of covariances.

In the eigenbasis of the Hessian, k curvatures, the covariance of a batch's gradient at step t, and that of x, are

    C(t) = f(t) + G(S(t)),    S(t) = tau(t) tau(t)^T o S(0)  +  sum_{j<t} rho(t-1-j) rho(t-1-j)^T o C(j)

    f(t) = phi (mean_i u_i z_i z_i^T - H mu mu^T H),    u_i = (z_i^T mu(t) - r_i)^2:    what the mean path makes
    G(S) = phi (mean_i (z_i^T S z_i) z_i z_i^T - H S H):                                what the spread breeds

with rho_a(m) = e_x^T M_a^m B, tau_a(m) = e_x^T M_a^m e_x, o the product entry by entry. Step by step this takes
products of n k^2 at each step (whole_rows.py). But C(t) moves in few directions: it is sought as sum_b a_b(t) C_b,
where C_b are the covariances at a few telling steps, made orthonormal. G is symmetric: projected on them all is of
their number,

    a(t) = <C, f(t)> + <G(C), tau tau^T o S(0)> + sum_{j<t} L(t-1-j) a(j)
    L_bc(m) = rho(m)^T (G(C_b) o C_c) rho(m)

The telling steps are those whose u span the others'. How much the loss is changed by the last of them, those that tell
less than a hundredth part, is given as the error: what was left out tells less than they do.

Source: the recursion is that of Bach, F. & Moulines, E. (2013); as an equation in the past, Paquette et al. (2021), SGD
in the large; a basis of snapshots is Sirovich's (1987), Turbulence and the dynamics of coherent structures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.theory.rows import Rows
from polyak.theory.step_map import StepMap

FLOAT = np.float32  # of matrices: their rounding is far below what is left out
TELLING = 1e-4  # of the first: a step whose u the others span to this tells no more
LEAST_NEW = 1e-6  # of a covariance, beyond what the basis has of it: else it is no news
RANK_TO = 1e-7  # of responses, as functions of the step
BREEDS = 1.5  # times what is made: from here on more steps are looked at
REFINED = 4  # times that the last covariance is taken again, with the past as the basis has it by then
MUCH = 0.75  # of all telling steps: at least a quarter is held to tell little
ROUNDING = 1e-5  # of single precision, through all steps: no error is said to be below it
MIXTURES = 96  # of rows, by which steps are told apart
MOST = 40  # telling steps
# Times TELLING: the steps that tell this much make the basis that the whole one is held against.
COARSE = 30.0
TINY = float(np.finfo(np.float64).tiny)

Array = NDArray[np.float64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Spread:
    """The spread around the mean path.

    Attributes:
        noise: trace(H S(t)) / 2, shape (steps + 1,).
        error: what the last steps of the basis change, as a part of the excess loss; 1e-5 at least, which is rounding.
        members: how many covariances the basis has.
    """

    noise: Array
    error: float
    members: int


def spread(
    rows: Rows, residuals: Array, phi: float, step: StepMap, start: tuple[Array, Array], steps: int
) -> Spread:
    """The spread at steps 0, 1, 2 ...

    Args:
        rows: of the problem, in the eigenbasis of its Hessian.
        residuals: r, shape (n,).
        phi: see `mean_square.noise_factor`.
        step: the rule's, the same at each step.
        start: the first parameters seen from the optimum, by their mean (k,) and covariance (k, k); slots are empty.
        steps: how many.
    """
    rho, tau = responses(step, rows.curvatures, steps)
    basis = _Basis(rows, residuals, phi, start[1], (rho, tau, tau * start[0]))
    with np.errstate(all="ignore"):  # where it grows beyond float64
        for t, coarse in basis.telling():
            basis.add(basis.covariance(t), coarse=coarse)
        if basis.breeds:
            for place, t in enumerate(_in_a_row(steps)):
                basis.add(basis.covariance(t), coarse=place % 2 == 0)
        # What is bred without end has a direction of its own, which is closed in on by powers.
        for _ in range(REFINED):
            if basis.add(basis.covariance(steps), coarse=False) <= TELLING:
                break
        return _told(basis, step, start)


def _told(basis: _Basis, step: StepMap, start: tuple[Array, Array]) -> Spread:
    """The spread by a basis that is complete."""
    rows = basis.rows
    excess = (basis.path**2 @ rows.curvatures) / 2
    losses = [_loss(step, rows.curvatures, np.diag(start[1]), C) for C in basis.diagonals()]
    changed = np.abs(losses[1] - losses[0]) / np.maximum(excess + np.abs(losses[0]), TINY)
    return Spread(losses[0], max(float(np.nanmax(changed)), ROUNDING), len(basis.C))


def responses(step: StepMap, curvatures: Array, steps: int) -> tuple[Array, Array]:
    """rho and tau, shape (steps + 1, k) each."""
    M = np.moveaxis(step.on(curvatures), 0, -1)
    first = np.stack([step.B, np.eye(len(step.B))[0]], axis=1)
    z = np.repeat(first[:, :, None], len(curvatures), axis=2)
    found = np.empty((steps + 1, 2, len(curvatures)))
    for t in range(steps + 1):
        found[t] = z[0]
        z = times(M, z)
    return found[:, 0], found[:, 1]


class _Basis:
    """Covariances C_b with what they make, all that the small equation needs."""

    def __init__(
        self, rows: Rows, residuals: Array, phi: float, begun: Array, over: tuple[Array, Array, Array]
    ) -> None:
        self.rho, self.tau, self.path = over
        self.rows, self.phi, self.begun = rows, phi, begun.astype(FLOAT)
        self.Z, self.lam = rows.single.Z, rows.single.curvatures
        self.u = (self.path @ rows.Z.T - residuals) ** 2  # (steps + 1, n)
        self.pushed = self.path * rows.curvatures  # H mu
        self.thin = [_low_rank(R) for R in (self.rho, self.tau, self.pushed)]
        length = len(self.rho)
        self.C: list[Matrix] = []
        self.bred: list[Matrix] = []
        self.coarse: list[Array] = []  # of the covariances that tell much: their coordinates
        self.forced, self.L = np.empty((0, length)), np.empty((0, 0, length))

    @property
    def breeds(self) -> bool:
        """Whether more is bred than is made at some step: then what is made does not tell all."""
        a = np.linalg.norm(_solved(self.forced, self.L), axis=0)
        return bool((a > BREEDS * np.linalg.norm(self.forced, axis=0)).any())

    def telling(self) -> list[tuple[int, bool]]:
        """The steps that span the others, and whether they tell much; in the order of time, in which each is found."""
        begun = (self.tau**2 * np.diag(self.begun)) @ self.rows.Z.T**2
        u = self.u + begun
        sizes = np.linalg.norm(u, axis=1)
        known = np.flatnonzero(np.isfinite(sizes) & (sizes > 0))
        if not len(known):
            return [(0, True)]
        # Of the rows a few random mixtures tell the distances between steps as well (Johnson & Lindenstrauss 1984).
        mixtures = np.random.default_rng(0).normal(size=(u.shape[1], min(MIXTURES, u.shape[1])))
        alike = (u[known] / sizes[known, None]) @ mixtures
        order, left = _pivots(alike)
        chosen = known[order[left > TELLING * left[0]]]
        much = min(int((left > COARSE * TELLING * left[0]).sum()), int(MUCH * len(chosen)))
        ends, few = {0, int(known[-1])}, {int(t) for t in chosen[:much]}
        return [(t, t in few | ends) for t in sorted({int(t) for t in chosen} | ends)]

    def add(self, C: Matrix, *, coarse: bool) -> float:
        """Take a covariance into the basis, where it is news; what part of it is."""
        size, along = float(np.linalg.norm(C)), np.zeros(len(self.C) + 1)
        for _ in range(2):  # twice is enough (Kahan)
            for b, member in enumerate(self.C):
                part = (member * C).sum(dtype=float)
                along[b] += part
                C = C - FLOAT(part) * member
        left = along[-1] = float(np.linalg.norm(C))
        if not np.isfinite(size):
            return 0.0
        if coarse:
            self.coarse.append(along)
        if not left > LEAST_NEW * size:
            return 0.0
        C = C / FLOAT(left)
        q = np.einsum("ia,ia->i", self.Z @ C, self.Z)
        bred, (rho, tau, pushed) = self._bred(C, q), self.thin
        forced = self.phi * (self.u @ q / len(self.Z) - _quadratic(C, pushed))
        self.forced = np.vstack([self.forced, forced + _quadratic(bred * self.begun, tau)])
        L = np.zeros((len(self.C) + 1, len(self.C) + 1, len(self.rho)))
        L[:-1, :-1] = self.L
        for b, (member, of_member) in enumerate(zip(self.C, self.bred, strict=True)):
            L[b, -1], L[-1, b] = _quadratic(of_member * C, rho), _quadratic(bred * member, rho)
        L[-1, -1] = _quadratic(bred * C, rho)
        self.C, self.bred, self.L = [*self.C, C], [*self.bred, bred], L
        return left / size

    def covariance(self, t: int) -> Matrix:
        """C(t), or a multiple that single precision holds, by the whole rows, with the past as the basis has it."""
        a, back = _solved(self.forced[:, :t], self.L), self.rho[:t][::-1]
        most = np.abs(a).max(axis=0, initial=0.0) * np.abs(back).max(axis=1, initial=0.0) ** 2
        scale = max(float(self.u[t].max()), float(np.nanmax(most, initial=0.0)), TINY)
        tau, pushed = ((values[t] / np.sqrt(scale)).astype(FLOAT) for values in (self.tau, self.pushed))
        S = tau[:, None] * tau * self.begun
        for member, values in zip(self.C, a, strict=True):
            rho = (back * np.sqrt(np.abs(values) / scale)[:, None]).astype(FLOAT)
            S = S + member * (rho.T @ (rho * np.sign(values)[:, None].astype(FLOAT)))
        q = np.einsum("ia,ia->i", self.Z @ S, self.Z)
        made = self._bred(S, q + (self.u[t] / scale).astype(FLOAT))
        made -= FLOAT(self.phi) * pushed[:, None] * pushed
        return made

    def diagonals(self) -> tuple[Array, Array]:
        """The diagonal of C(t), shape (steps + 1, k), by the whole basis and by the steps that tell much alone."""
        diagonals = np.array([np.diag(C) for C in self.C], dtype=float).reshape(len(self.C), len(self.lam))
        a = _solved(self.forced, self.L)
        told = np.zeros((len(self.C), len(self.coarse)))
        for column, along in enumerate(self.coarse):
            told[: len(along), column] = along[: len(self.C)]
        less = np.linalg.qr(told / np.maximum(np.linalg.norm(told, axis=0), TINY))[0]
        fewer = _solved(less.T @ self.forced, np.einsum("br,bct,cs->rst", less, self.L, less))
        return a.T @ diagonals, (less @ fewer).T @ diagonals

    def _bred(self, S: Matrix, q: Matrix) -> NDArray[Any]:
        """G(S), with q_i = z_i^T S z_i."""
        return FLOAT(self.phi) * (self.rows.single.weighed(q) - self.lam[:, None] * self.lam * S)


def _solved(forced: Array, L: Array) -> Array:
    """a(t) = forced(t) + sum_{j<t} L(t-1-j) a(j): shape (r, steps)."""
    a, back = np.zeros_like(forced), np.ascontiguousarray(L[:, :, ::-1])  # the past of a step is one slice
    for t in range(a.shape[1]):
        a[:, t] = forced[:, t] + np.einsum("bcj,cj->b", back[:, :, L.shape[2] - t :], a[:, :t])
    return a


def _loss(step: StepMap, curvatures: Array, begun: Array, diagonals: Array) -> Array:
    """trace(H S) / 2: each curvature's own spread under the diagonal of C, step by step."""
    M = np.moveaxis(step.on(curvatures), 0, -1)
    S = np.zeros_like(M)
    S[0, 0] = begun
    out, noise = np.outer(step.B, step.B)[:, :, None], np.empty(len(diagonals))
    for t, C in enumerate(diagonals):
        noise[t] = curvatures @ S[0, 0] / 2
        S = times(times(M, S), M.swapaxes(0, 1)) + C * out
    return noise


def times(one: Array, other: Array) -> Array:
    """Products of small matrices, one for each curvature: shapes (s, s, k) and (s, l, k)."""
    product: Array = (one[:, :, None] * other).sum(axis=1)
    return product


def _pivots(alike: Array) -> tuple[NDArray[np.intp], Array]:
    """Which rows span the others, the most telling first, and how much of each those before it do not have."""
    rest, order, left = alike.copy(), [], []
    for _ in range(min(MOST, *alike.shape)):
        sizes = np.linalg.norm(rest, axis=1)
        order.append(int(sizes.argmax()))
        left.append(float(sizes[order[-1]]))
        if not left[-1] > LEAST_NEW * left[0]:
            break
        along = rest[order[-1]] / left[-1]
        rest -= np.outer(rest @ along, along)
    return np.array(order), np.array(left)


def _in_a_row(steps: int) -> list[int]:
    """Steps 1, 2, 3, 4, 6, 8, 11, 16 ..: each the root of 2 times the one before.

    >>> _in_a_row(20)
    [1, 2, 3, 4, 6, 8, 11, 16]
    """
    found = {round(2 ** (k / 2)) for k in range(2 * steps.bit_length())}
    return sorted(t for t in found if t <= steps)


def _low_rank(R: Array) -> tuple[Matrix, Array]:
    """R^T = Q W, Q orthonormal of few columns: shapes (k, q) and (q, steps + 1). Every step counts alike."""
    sizes = np.linalg.norm(R, axis=1)
    alike = np.where((sizes > 0)[:, None], R / np.maximum(sizes, TINY)[:, None], 0.0)
    generator, columns, most = np.random.default_rng(0), 32, min(R.shape)
    while True:
        mixed = alike.T @ generator.normal(size=(len(R), min(columns, most)))
        Q, upper = np.linalg.qr(mixed)
        turned, sizes_left, _ = np.linalg.svd(upper)
        kept = sizes_left > RANK_TO * sizes_left[0]
        if columns >= most or not kept[-1]:
            Q = Q @ turned[:, kept]
            return Q.astype(FLOAT), Q.T @ R.T
        columns *= 2


def _quadratic(X: Matrix, thin: tuple[Matrix, Array]) -> Array:
    """R_t^T X R_t for every step t: shape (steps + 1,)."""
    Q, W = thin
    return np.asarray(np.einsum("qt,qt->t", W, (Q.T @ (X @ Q)).astype(float) @ W))
