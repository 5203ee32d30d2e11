r"""A model's rows in a few directions: what its mini-batches do to the second moment of the parameters there.

V: K orthonormal directions, by block Lanczos from the gradient and a random vector on P^{1/2} G P^{1/2} (motion.py), G
the Gauss-Newton curvature; J_i the derivative of row i's outputs, S_i the second derivative of its loss in them:

    H_i = (J_i P^{1/2} V)^T S_i (J_i P^{1/2} V),    H = mean_i H_i + V^T P^{1/2} W P^{1/2} V

    E[H_b S H_b] = H S H + phi (mean_i H_i S H_i - mean H_i S mean H_i)

A row of a network with several outputs has a Hessian of as many ranks, where that of least squares has one (rows.py);
else all is as there, and mean_square.py finds the edge of both. It is that of the linearised model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Bridge, Vector
from polyak.frameworks.reading import Part
from polyak.ground.errors import PolyakError
from polyak.ground.limits import check_memory
from polyak.ground.progress import Progress, silent
from polyak.theory.basis import as_numpy, at_home
from polyak.theory.lanczos import Krylov, Operator
from polyak.theory.mean_square import mean_square_edge, noise_factor
from polyak.theory.model_hessian import ModelHessian
from polyak.theory.motion import Motion, edge
from polyak.theory.step_map import StepMap

DIRECTIONS = 48
FLAT = 1e-6  # of the largest curvature: float32 tells no smaller one, and what is so flat makes no noise


@dataclass(frozen=True, eq=False)
class Subspace:
    """A model's rows in k directions in which their mean curvature is diagonal; those that are flat are left out.

    Attributes:
        curvatures: a, rising, shape (k,).
        fourth: mean_i of H_i[a, b] H_i[c, d] less the same of the mean H_i, as [a, d, b, c], shape (k, k, k, k).
        rows: how many rows there are to draw batches from.
        read: over how many of them these are means.
    """

    curvatures: NDArray[np.float64]
    fourth: NDArray[np.float64]
    rows: int
    read: int

    def mean_of(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of H_i X H_i over the rows, each with the decay's own curvature: for symmetric X, shape (k, k)."""
        k = len(self.curvatures)
        noise = (self._flat @ X.ravel()).reshape(k, k)
        return np.asarray(noise + np.outer(self.curvatures, self.curvatures) * X)

    @cached_property
    def _flat(self) -> NDArray[np.float64]:
        k = len(self.curvatures)
        return self.fourth.reshape(k * k, k * k)

    def edge(self, step_at: Callable[[float], StepMap], batch_size: int, *, replace: bool = True) -> float:
        """The mean-square edge: the factor of today's learning rates from which on the expected loss grows for ever.

        Args:
            step_at: the map of one entry on a, with all learning rates times a factor.
            batch_size: rows in a batch, each batch drawn anew.
            replace: whether its rows are drawn with replacement.
        """
        phi = noise_factor(batch_size, self.rows, replace=replace)
        return mean_square_edge(step_at, self, phi, edge(step_at(1.0), float(self.curvatures[-1])))


class Preconditioned:
    """P^{1/2} (H + W) P^{1/2}, by products.

    Attributes:
        size: how many parameters there are.
    """

    def __init__(self, H: Operator, root: Vector | float, pull: Vector | float) -> None:
        self._H, self._root, self._pull = H, at_home(root), at_home(pull)
        self.size = H.size

    def __matmul__(self, v: Vector, /) -> Vector:
        if isinstance(self._root, float) and self._pull == 0:  # without a vector beside the product
            return self._root**2 * at_home(self._H @ at_home(v))
        w = self._root * at_home(v)
        return self._root * (at_home(self._H @ w) + self._pull * w)

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers, of the model's framework."""
        return self._H.random(generator)


def roots_and_pulls(bridge: Bridge, motion: Motion) -> tuple[Vector | float, Vector | float]:
    """P^{1/2} and W, each a vector of the model's framework, or a number where all entries have the same."""
    pulls = {*motion.pulls}
    root: Vector | float = float(np.sqrt(motion.uniform)) if motion.uniform is not None else None
    if root is None:
        root = bridge.vector(by_name(bridge, motion.reading.parts, [np.sqrt(g) for g in motion.gains]))
    pull: Vector | float = pulls.pop() if len(pulls) == 1 else None
    if pull is None:
        filled = [np.full(len(g), w) for g, w in zip(motion.gains, motion.pulls, strict=True)]
        pull = bridge.vector(by_name(bridge, motion.reading.parts, filled))
    return root, pull


def by_name(
    bridge: Bridge, parts: Sequence[Part], vectors: Sequence[NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """The parts' vectors as named arrays."""
    named: dict[str, NDArray[np.float64]] = {}
    for part, vector in zip(parts, vectors, strict=True):
        start = 0
        for place in part.arrays:
            shape = bridge.shapes[place]
            stop = start + int(np.prod(shape, dtype=np.int64))
            named[bridge.names[place]] = vector[start:stop].reshape(shape)
            start = stop
    return named


def subspace(
    bridge: Bridge,
    batches: Sequence[Batch],
    motion: Motion,
    *,
    rows: int,
    directions: int = DIRECTIONS,
    seed: int = 0,
    progress: Progress = silent,
) -> Subspace:
    """A model's rows in the directions that its gradient and a random vector reach first.

    Args:
        bridge: to the model, whose outputs can be told from its loss.
        batches: the rows that are read.
        motion: of its optimizer.
        rows: how many rows there are to draw batches from.
        directions: how many, K.
        seed: of the random vector.
        progress: called after each product.

    Costs K products with the Gauss-Newton curvature and K derivatives of the outputs, over these batches.
    """
    root, pull = map(at_home, roots_and_pulls(bridge, motion))
    K = min(directions, bridge.size)
    with ModelHessian(bridge, batches, "gauss_newton") as H:
        krylov = Krylov(Preconditioned(H, root, pull), K + 2)
        krylov.start(root * _gradient(bridge, batches))
        krylov.start(bridge.random(np.random.default_rng(seed)))
        while len(krylov.basis) < K and krylov.waiting:
            krylov.step()
            progress(len(krylov.basis), 2 * K)
    V = [krylov.basis[j] for j in range(len(krylov.basis))]
    mean, fourth, read = _moments(bridge, batches, [root * v for v in V], lambda k: progress(K + k, 2 * K))
    values, U = np.linalg.eigh(mean + _decays(V, root, pull))
    kept = values > FLAT * values[-1]
    if not kept.any():
        raise PolyakError("the model's Gauss-Newton curvature is 0: nothing pulls there")
    U = U[:, kept]
    turned = np.einsum("abcd,aw,bx,cy,dz->wzxy", fourth, U, U, U, U, optimize=True)
    return Subspace(values[kept], turned, rows, read)


def _decays(V: Sequence[Vector], root: Vector | float, pull: Vector | float) -> NDArray[np.float64]:
    """V^T P^{1/2} W P^{1/2} V."""
    if isinstance(pull, float) and pull == 0:
        return np.zeros((len(V), len(V)))
    sides = [as_numpy(root * v) for v in V]
    weighted = [as_numpy(pull * (root * v)) for v in V]
    return np.array([[u @ w for w in weighted] for u in sides])


def _gradient(bridge: Bridge, batches: Sequence[Batch]) -> Vector:
    """Of the mean over all rows."""
    counts = [bridge.rows(batch) for batch in batches]
    total: Vector = None
    for batch, count in zip(batches, counts, strict=True):
        with bridge.on(batch) as local:
            part = local.gradient() * (count / sum(counts))
        total = part if total is None else total + part
    return at_home(total)


def _moments(
    bridge: Bridge, batches: Sequence[Batch], W: Sequence[Vector], progress: Callable[[int], None]
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """mean H_i, shape (K, K); mean H_i (x) H_i less that of the mean, [a, b, c, d]; over how many rows."""
    K = len(W)
    upper = np.triu_indices(K)
    place = np.zeros((K, K), dtype=np.int64)
    place[upper] = np.arange(len(upper[0]))
    place = np.maximum(place, place.T)
    total, squares, read = np.zeros(len(upper[0])), np.zeros((len(upper[0]),) * 2), 0
    for number, batch in enumerate(batches):
        H = _of_rows(bridge, batch, W)[:, upper[0], upper[1]]
        total, squares, read = total + H.sum(0), squares + H.T @ H, read + len(H)
        progress(K * (number + 1) // len(batches))
    mean = total / read
    spread = squares / read - np.outer(mean, mean)
    return mean[place], spread[place[:, :, None, None], place[None, None]], read


def _of_rows(bridge: Bridge, batch: Batch, W: Sequence[Vector]) -> NDArray[np.float64]:
    """H_i of a batch's rows, shape (rows, K, K)."""
    with bridge.on(batch) as local:
        if not local.splits:
            local.outputs()  # says why not
        n = local.rows
        R, C = [], []
        for k, w in enumerate(W):
            along = local.forward(w)
            if k == 0:
                check_memory("the derivatives of the outputs", 8 * 2 * len(W) * int(np.prod(along.shape)))
            R.append(as_numpy(along).reshape(n, -1))
            C.append(n * as_numpy(local.loss_hessian(along)).reshape(n, -1))
    found = np.einsum("kno,lno->nkl", np.array(R), np.array(C), optimize=True)
    return np.asarray((found + found.transpose(0, 2, 1)) / 2)
