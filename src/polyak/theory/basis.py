"""Orthonormal vectors of any array library, held in blocks: they are added to and turned in little room beside them.

Four vectors lie together in a block, cut into pieces of as many numbers as a processor's cache takes. All that is done
is done on blocks, whose shapes stay the same however many there are: JAX compiles each operation once, on a GPU; on a
CPU its arrays and torch's are held as NumPy's: nothing is compiled, and small ones take half the time. Beside the
vectors it takes the room of one more at most.
Inner products are summed over the pieces in float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import array_api_compat
import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = Any
"""A flat array of NumPy's, JAX's or torch's."""

Pieces: TypeAlias = list[Any]
"""One vector, shape (numbers,) a piece, or a block of them, shape (TOGETHER, numbers)."""

TOGETHER = 4  # vectors of a block
PIECE = 2**18  # numbers of each vector that lie together: 1 MB of float32
ENOUGH = 0.7  # of a vector that a second pass leaves; of less, nothing was there but rounding


class Basis:
    """The columns of Q, each of n numbers, Q^T Q = 1; as long as the list of those that were put in."""

    def __init__(self) -> None:
        self._blocks: list[Pieces] = []
        self._count = 0
        self._library = ""

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, column: int) -> Vector:
        """A column, as one vector."""
        return self._given([piece[column % TOGETHER] for piece in self._blocks[column // TOGETHER]])

    def append(self, parts: Pieces, norm: float) -> None:
        """A column more: a vector in parts, as `rest_of` gives it, divided by its norm."""
        block, place = divmod(self._count, TOGETHER)
        if not place:
            xp = array_api_compat.array_namespace(parts[0])
            shapes = [(TOGETHER, part.shape[0]) for part in parts]
            like = [{"dtype": part.dtype, "device": array_api_compat.device(part)} for part in parts]
            self._blocks.append([xp.zeros(shape, **kind) for shape, kind in zip(shapes, like, strict=True)])
        held = self._blocks[block]
        for index, part in enumerate(parts):
            if array_api_compat.is_writeable_array(held[index]):
                held[index][place] = part / norm
            else:  # JAX's
                held[index] = held[index].at[place].set(part / norm)
        self._count += 1

    def rest_of(self, w: Vector, near: Iterable[int] = ()) -> tuple[NDArray[np.float64], Pieces, float]:
        """What of w lies in the basis, Q^T w, and what is left of it, w - Q Q^T w: in parts, and its norm.

        Args:
            w: a vector.
            near: the columns along which it is large, where that is known of it beforehand.

        The norm is 0 where what is left is rounding, and not finite where w is not. What is large is taken out first,
        and then what that left, of all columns: twice is enough (Parlett, B. N. (1998). The symmetric eigenvalue
        problem, 6.9).
        """
        self._library = _library(w)
        w = _on_cpu(w)
        parts = [w[start : start + PIECE] for start in range(0, w.shape[0], PIECE)]
        del w
        largest = _largest(parts)
        inside, norm = np.zeros(self._count), _norm(parts, largest)
        if not norm or not np.isfinite(norm):
            return inside, parts, norm
        if not self._count:
            return inside, parts, norm
        everything = range(len(self._blocks))
        for some in (self._blocks_of(near) or everything, everything, everything):
            c = self._dot(parts, some)
            inside += c
            parts = [part - there for part, there in zip(parts, self._combined(c, some), strict=True)]
            before, norm = norm, _norm(parts, largest)
            if some is everything and norm >= ENOUGH * before:
                return inside, parts, norm
        return inside, parts, 0.0

    def _blocks_of(self, columns: Iterable[int]) -> list[int]:
        return sorted({column // TOGETHER for column in columns})

    def combination(self, c: NDArray[np.float64]) -> Vector:
        """Q c, as one vector."""
        return self._given(self._combined(c, range(len(self._blocks))))

    def turn(self, Y: NDArray[np.float64]) -> None:
        """Q <- Q Y for Y of shape (columns, fewer columns), Y^T Y = 1."""
        rows = len(self._blocks)
        columns = -(-Y.shape[1] // TOGETHER)
        padded = np.zeros((rows * TOGETHER, columns * TOGETHER))
        padded[: Y.shape[0], : Y.shape[1]] = Y
        for index in range(len(self._blocks[0]) if rows else 0):
            old = [block[index] for block in self._blocks]
            for column in range(columns):
                mine = padded[:, column * TOGETHER : (column + 1) * TOGETHER].T
                new: Any = 0.0
                for row, piece in enumerate(old):
                    new = new + _times(_like(mine[:, row * TOGETHER : (row + 1) * TOGETHER], piece), piece)
                self._blocks[column][index] = new
        self._blocks, self._count = self._blocks[:columns], Y.shape[1]

    def cut(self, count: int) -> None:
        """Keep the first columns only."""
        whole, rest = divmod(count, TOGETHER)
        kept = np.arange(TOGETHER)[:, None] < rest
        last = [
            [piece * _like(kept.astype(np.float64), piece) for piece in block]
            for block in self._blocks[whole : whole + 1]
        ]
        self._blocks, self._count = self._blocks[:whole] + (last if rest else []), count

    def _given(self, parts: Pieces) -> Vector:
        """One vector, of the library that it is from."""
        joined = parts[0] if len(parts) == 1 else array_api_compat.array_namespace(parts[0]).concat(parts)
        if not isinstance(joined, np.ndarray) or not self._library:
            return joined
        if self._library == "torch":
            import torch

            return torch.from_numpy(joined)
        import jax.numpy as jnp

        return jnp.asarray(joined)

    def _dot(self, parts: Pieces, blocks: Sequence[int]) -> NDArray[np.float64]:
        """Q^T w, of some blocks; 0 for the others."""
        found = np.zeros((len(self._blocks), TOGETHER))
        for row in blocks:
            for piece, part in zip(self._blocks[row], parts, strict=True):
                found[row] += as_numpy(_times(piece, part))
        return found.ravel()[: self._count]

    def _combined(self, c: NDArray[np.float64], blocks: Sequence[int]) -> Pieces:
        """Q c, of some blocks."""
        padded = np.zeros((len(self._blocks), TOGETHER))
        padded.ravel()[: len(c)] = c
        found: Pieces = [0.0] * len(self._blocks[0])
        for index in range(len(found)):
            for row in blocks:
                piece = self._blocks[row][index]
                found[index] = found[index] + _times(_like(padded[row], piece), piece)
        return found


def at_home(v: Vector) -> Vector:
    """JAX's array on a CPU as NumPy's, of the same memory: what is done to it compiles nothing. Any other as it is."""
    if array_api_compat.is_jax_array(v) and all(device.platform == "cpu" for device in v.devices()):
        return np.asarray(v)
    return v


def _library(v: Vector) -> str:
    """Whose array it is, of those that are held as NumPy's; empty for any other."""
    if array_api_compat.is_jax_array(v):
        return "jax"
    return "torch" if array_api_compat.is_torch_array(v) else ""


def _on_cpu(v: Vector) -> Vector:
    """The same, and torch's on a CPU as NumPy's too."""
    if array_api_compat.is_torch_array(v) and v.device.type == "cpu":
        return v.detach().numpy()
    return at_home(v)


def as_numpy(array: Vector) -> NDArray[np.float64]:
    """Any library's array as NumPy's, in float64."""
    if array_api_compat.is_torch_array(array):
        array = array.detach().cpu()
    return np.asarray(array, dtype=np.float64)


def _largest(parts: Pieces) -> float:
    """The largest entry in size; nan where one is nan."""
    xp = array_api_compat.array_namespace(parts[0])
    return float(np.max([float(xp.max(xp.abs(part))) for part in parts]))


def _norm(parts: Pieces, largest: float) -> float:
    """The root of the sum of squares, in units of an entry's size: no square is too large or small for float32."""
    xp = array_api_compat.array_namespace(parts[0])
    if not largest or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(sum(float(xp.sum((part / largest) ** 2)) for part in parts)))


def _like(values: NDArray[np.float64], piece: Any) -> Any:  # noqa: ANN401 - any library's array
    """Numbers as an array of the library, the type and the device of another, or as one that goes with it."""
    if array_api_compat.is_jax_array(piece):
        return values.astype(piece.dtype)  # taken to wherever the other is, in a tenth of the time
    xp = array_api_compat.array_namespace(piece)
    return xp.asarray(values, dtype=piece.dtype, device=array_api_compat.device(piece))


def _times(a: Any, b: Any) -> Any:  # noqa: ANN401 - any library's arrays
    """A matrix product with all the digits of its numbers: JAX's own on a GPU keeps ten bits of them."""
    if array_api_compat.is_jax_array(b):
        import jax.numpy as jnp

        return jnp.matmul(a, b, precision="highest")
    return a @ b
