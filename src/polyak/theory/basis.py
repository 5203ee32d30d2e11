"""Orthonormal vectors of any array library, held in pieces: they are added to and turned in little room beside them.

Of vectors of n numbers, k of them take k n numbers, and whatever is done here takes those of one piece more. Their
inner products are summed over the pieces in float64.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from polyak.ground.types import Array

Vector: TypeAlias = Any
"""A flat array of NumPy's, JAX's or torch's."""

PIECE = 2**18  # numbers of each vector that lie together: 1 MB of float32
ENOUGH = 0.7  # of a vector that a second pass leaves; of less, nothing was there but rounding


class Basis:
    """The columns of Q, each of n numbers, Q^T Q = 1; as long as the list of those that were put in."""

    def __init__(self) -> None:
        self._pieces: list[Any] = []  # of shape (columns, at most PIECE)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, column: int) -> Vector:
        """A column, as one vector."""
        return _joined([piece[column] for piece in self._pieces])

    def append(self, parts: list[Array], norm: float) -> None:
        """A column more: a vector in parts, as `rest_of` gives it, divided by its norm."""
        xp = array_api_compat.array_namespace(parts[0])
        for place, part in enumerate(parts):
            row = (part / norm)[None, :]
            if self._count:
                self._pieces[place] = xp.concat([self._pieces[place], row])
            else:
                self._pieces.append(row)
        self._count += 1

    def rest_of(self, w: Vector) -> tuple[NDArray[np.float64], list[Array], float]:
        """What of w lies in the basis, Q^T w, and what is left of it, w - Q Q^T w: in parts, and its norm.

        The norm is 0 where what is left is rounding. Twice is enough (Parlett, B. N. (1998). The symmetric eigenvalue
        problem, 6.9).
        """
        parts = [w[start : start + PIECE] for start in range(0, w.shape[0], PIECE)]
        del w
        inside, norms = np.zeros(self._count), [_norm(parts)]
        for _ in range(2 if self._count else 0):
            c = self._dot(parts)
            inside += c
            for place, piece in enumerate(self._pieces):
                parts[place] = parts[place] - _times(_like(c, piece), piece)
            norms.append(_norm(parts))
        return inside, parts, norms[-1] if norms[-1] >= ENOUGH * norms[max(-2, -len(norms))] else 0.0

    def combination(self, c: NDArray[np.float64]) -> Vector:
        """Q c, as one vector."""
        return _joined([_times(_like(c, piece), piece) for piece in self._pieces])

    def turn(self, Y: NDArray[np.float64]) -> None:
        """Q <- Q Y for Y of shape (columns, fewer columns), Y^T Y = 1."""
        for place, piece in enumerate(self._pieces):
            self._pieces[place] = _times(_like(Y.T, piece), piece)
        self._count = Y.shape[1]
        if not self._count:
            self._pieces = []

    def cut(self, count: int) -> None:
        """Keep the first columns only."""
        self._pieces = [piece[:count] for piece in self._pieces] if count else []
        self._count = count

    def _dot(self, parts: list[Array]) -> NDArray[np.float64]:
        found = np.zeros(self._count)
        for piece, part in zip(self._pieces, parts, strict=True):
            found += as_numpy(_times(piece, part))
        return found


def as_numpy(array: Vector) -> NDArray[np.float64]:
    """Any library's array as NumPy's, in float64."""
    if array_api_compat.is_torch_array(array):
        array = array.detach().cpu()
    return np.asarray(array, dtype=np.float64)


def _joined(parts: list[Any]) -> Vector:
    return parts[0] if len(parts) == 1 else array_api_compat.array_namespace(parts[0]).concat(parts)


def _norm(parts: list[Array]) -> float:
    """The root of the sum of squares; scaled, so that no square of float32 is too large or small for it."""
    xp = array_api_compat.array_namespace(parts[0])
    most = max(float(xp.max(xp.abs(part))) for part in parts)
    if most == 0 or not np.isfinite(most):
        return most
    return most * float(np.sqrt(sum(float(xp.sum((part / most) ** 2)) for part in parts)))


def _like(values: NDArray[np.float64], piece: Any) -> Any:  # noqa: ANN401 - any library's array
    """Numbers as an array of the library, the type and the device of another."""
    xp = array_api_compat.array_namespace(piece)
    return xp.asarray(values, dtype=piece.dtype, device=array_api_compat.device(piece))


def _times(a: Any, b: Any) -> Any:  # noqa: ANN401 - any library's arrays
    """A matrix product with all the digits of its numbers: JAX's own on a GPU keeps ten bits of them."""
    if array_api_compat.is_jax_array(a):
        import jax.numpy as jnp

        return jnp.matmul(a, b, precision="highest")
    return a @ b
