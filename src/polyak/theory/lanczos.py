r"""The ends of the spectrum of a symmetric matrix that is known by its products alone: Lanczos' method.

A basis Q of k orthonormal vectors is grown by one product each, q <- the part of A q outside of it, and A is looked at
within it:

    T = Q^T A Q,    T s = theta s,    y = Q s,    |A y - theta y| = r

Some eigenvalue of A lies within r of theta; within r^2 / gap where gap is how far the others are from it. Every vector
is orthogonalised against all before it, twice. Started from several vectors it is the band Lanczos method; where the
basis is full it is turned to the Ritz vectors nearest to the ends that are asked for and goes on (thick restart). T is
a small matrix of NumPy's in float64, Q is of the library whose products are asked.

A value that stands twice in the spectrum shows itself once from one start. So where more than one value is asked for,
a new random vector has its turn when all are found, and what it brings is counted.

Sources: Lanczos, C. (1950); Parlett, B. N. (1998). The symmetric eigenvalue problem, 11.7 and 13; Wu, K. & Simon, H.
(2000). Thick-restart Lanczos method for large symmetric eigenvalue problems, SIAM J. Matrix Anal. Appl. 22(2).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.theory.basis import Basis, Vector

EPS = {name: float(np.finfo(name).eps) for name in ("float32", "float64")}


class Operator(Protocol):
    """A symmetric matrix, known by its products: of shape (size, size)."""

    size: int

    def __matmul__(self, v: Vector, /) -> Vector:
        """A v, of the library of v."""

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers."""


@dataclass(frozen=True)
class Ritz:
    """What the basis knows of the eigenvalues.

    Attributes:
        values: theta, rising, shape (k,).
        vectors: s, a column each, on the columns of the basis that were multiplied: shape (k, k).
        residuals: r, shape (k,).
        errors: how far an eigenvalue is at most, rounding of the products with it: shape (k,).
        rounding: how far A is from symmetric, as T shows it.
    """

    values: NDArray[np.float64]
    vectors: NDArray[np.float64]
    residuals: NDArray[np.float64]
    errors: NDArray[np.float64]
    rounding: float


class Krylov:
    """The basis, what A is within it, and which of its vectors still wait for their product.

    Attributes:
        A: the matrix.
        products: how many were asked of it.
        done: the columns of the basis that were multiplied, in that order.
        waiting: the others, the next one first.
    """

    def __init__(self, A: Operator, most: int) -> None:
        self.A, self.basis, self.products = A, Basis(), 0
        self._T, self._eps = np.zeros((most, most)), EPS["float64"]
        self.done: list[int] = []
        self.waiting: deque[int] = deque()

    @property
    def most(self) -> int:
        """For how many vectors there is room."""
        return len(self._T)

    @property
    def full(self) -> bool:
        """Whether there is no room for another vector."""
        return len(self.basis) == self.most

    @property
    def whole(self) -> bool:
        """Whether the basis is all of the space, so that T has A's own eigenvalues."""
        return len(self.done) == self.A.size

    def start(self, v: Vector, *, first: bool = False) -> bool:
        """Let another vector in, the part of it outside the basis; False where there is none."""
        _, parts, norm = self.basis.rest_of(v)
        if norm > 0:
            place = len(self.basis)
            self._eps = EPS["float64" if "64" in str(v.dtype) else "float32"]
            self.basis.append(parts, norm)
            (self.waiting.appendleft if first else self.waiting.append)(place)
        return norm > 0

    def step(self, *, first: bool = False) -> None:
        """One product: the vector that waited longest is multiplied, and what is new in the product waits."""
        j = self.waiting.popleft()
        self.products += 1
        near = [
            j,
            *self.waiting,
            *np.flatnonzero(self._T[j]),
        ]  # elsewhere A q_j has rounding alone: A is symmetric
        inside, parts, norm = self.basis.rest_of(self.A @ self.basis[j], near)
        if not np.isfinite(norm):
            raise PolyakError(
                f"a product with the Hessian is not finite (number {self.products}), expected a model with "
                "a finite loss whose second derivative is finite too"
            )
        self._T[: len(inside), j] = inside
        self.done.append(j)
        if norm > self._grain() and len(self.basis) < self.A.size:
            self._T[len(inside), j] = norm
            self.basis.append(parts, norm)
            (self.waiting.appendleft if first else self.waiting.append)(len(inside))

    def ritz(self) -> Ritz:
        """The eigenvalues within the basis, and how far those of A are from them."""
        T = self._T[np.ix_(self.done, self.done)]
        values, S = np.linalg.eigh((T + T.T) / 2)
        residuals = np.linalg.norm(self._T[np.ix_(list(self.waiting), self.done)] @ S, axis=0)
        rounding = max(float(np.abs(T - T.T).max()), self._grain())
        apart = np.abs(values[:, None] - values) - residuals
        np.fill_diagonal(apart, np.inf if len(values) > 1 else 0.0)
        gap = np.maximum(apart.min(axis=1), residuals)  # of less than r, r itself is the better bound
        errors = np.divide(residuals**2, gap, out=np.zeros_like(gap), where=gap > 0)
        return Ritz(values, S, residuals, errors + rounding, rounding)

    def restart(self, keep: NDArray[np.int64], *, drop: bool = False) -> None:
        """Turn the basis to some of the Ritz vectors, with the vectors that wait, or without them."""
        ritz, waiting = self.ritz(), [] if drop else list(self.waiting)
        S = ritz.vectors[:, keep]
        Y = np.zeros((len(self.basis), len(keep) + len(waiting)))
        Y[self.done, : len(keep)] = S
        Y[waiting, np.arange(len(keep), Y.shape[1])] = 1.0
        T = np.zeros_like(self._T)
        T[np.arange(len(keep)), np.arange(len(keep))] = ritz.values[keep]
        T[len(keep) : Y.shape[1], : len(keep)] = self._T[np.ix_(waiting, self.done)] @ S
        self.basis.turn(Y)
        self._T, self.done = T, list(range(len(keep)))
        self.waiting = deque(range(len(keep), Y.shape[1]))

    def couplings(self) -> NDArray[np.float64]:
        """By what each product's rest was divided, while there is one start and nothing was turned: shape (k,)."""
        after = np.array(self.done) + 1
        inside = after < len(self.basis)
        return np.where(inside, self._T[np.where(inside, after, 0), self.done], 0.0)

    def probe(self, v: Vector, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The rest of the spectrum as another vector sees it, from outside of the basis, which stays as it is.

        To be asked where no vector waits. Nodes and weights of Gauss' quadrature by at most so many products, of A on
        what is orthogonal to the basis; of no nodes where nothing is.
        """
        count = len(self.basis)
        self.start(v)
        while self.waiting and len(self.done) < count + steps:
            self.step()
        nodes, weights = self.chain(self.done[count:])
        self.basis.cut(count)
        self._T[count:], self._T[:, count:] = 0.0, 0.0
        self.done, self.waiting = self.done[:count], deque()
        return nodes, weights

    def chain(self, columns: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Nodes and weights of Gauss' quadrature: the spectrum as the first of some columns, multiplied, sees it."""
        T = self._T[np.ix_(columns, columns)]
        nodes, S = np.linalg.eigh((T + T.T) / 2)
        return nodes, S[0] ** 2 if columns else nodes

    def _grain(self) -> float:
        """What rounding makes of a product."""
        return 16 * self._eps * float(np.abs(self._T).max(initial=0.0))
