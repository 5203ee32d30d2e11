r"""The network linearised in a few directions: its outputs on all rows that are read, and how they move there.

    y = P^{-1/2} (x - x_0) = V c,    z_i(c) = f_i(x_0) + (J_i P^{1/2} V) c,    loss(c) = mean_i l_i(z_i(c))

P is what a gradient moves each entry by in the end (theory/motion.py): the identity times a number for momentum, the
preconditioner for an adaptive rule. V: K orthonormal vectors that P^{1/2} (G + W) P^{1/2}, by its products, makes of
the gradient, the optimizer's moments and what its decay pulls at (block Lanczos), G the Gauss-Newton curvature. A
product with G needs J V itself, so that what the outputs do along V is known by then: nothing more is computed for
it. The loss is the user's own, not a quadratic of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.outputs_loss import OutputsLoss, outputs_loss
from polyak.diagnose.forecast.pieces import Pieces
from polyak.frameworks.bridge import Bridge, Local, Outputs, Vector
from polyak.ground.errors import PolyakError
from polyak.ground.limits import check_memory
from polyak.ground.progress import Progress
from polyak.theory.basis import as_numpy, at_home
from polyak.theory.lanczos import Krylov


@dataclass(frozen=True, eq=False)
class Linearised:
    """A network near today's parameters, in K directions.

    Attributes:
        V: the directions, vectors of the model's framework.
        outputs: of the network itself, shape (classes, rows, blocks).
        moves: J P^{1/2} V, shape (classes, rows, blocks, K).
        loss: of the outputs.
        today: the loss over all rows that are read.
        products: with J and with its transpose that were spent.
    """

    V: tuple[Vector, ...]
    outputs: NDArray[np.float32]
    moves: NDArray[np.float32]
    loss: OutputsLoss
    today: float
    products: int

    @property
    def directions(self) -> int:
        """K."""
        return len(self.V)

    def coordinates(self, v: Vector) -> NDArray[np.float64]:
        """V^T v."""
        there = as_numpy(at_home(v))
        return np.array([as_numpy(q) @ there for q in self.V])

    def along(self, c: NDArray[np.float64]) -> Vector:
        """V c."""
        total: Vector = self.V[0] * float(c[0])
        for q, part in zip(self.V[1:], c[1:], strict=True):
            total = total + q * float(part)
        return total


class _GaussNewton:
    """P^{1/2} (G + W) P^{1/2} by its products, which keep what the outputs do."""

    def __init__(
        self, locals_: Sequence[Local], root: Vector | float, pull: Vector | float, size: int
    ) -> None:
        self._locals, self._root, self._pull, self.size = locals_, at_home(root), at_home(pull), size
        self._rows = sum(local.rows for local in locals_)
        self.moves: list[NDArray[np.float32]] = []

    def __matmul__(self, v: Vector, /) -> Vector:
        w = self._root * at_home(v)
        moved, total = [], self._pull * w
        for local in self._locals:
            along = local.forward(w)
            moved.append(as_numpy(along).astype(np.float32))
            back = at_home(local.backward(local.loss_hessian(along)))
            total = total + back * (local.rows / self._rows)
        self.moves.append(np.concatenate(moved))
        return self._root * total

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Nothing here starts at random."""
        raise NotImplementedError


def linearised(
    bridge: Bridge,
    read: Pieces,
    root: Vector | float,
    pull: Vector | float,
    starts: Sequence[Vector],
    directions: int,
    progress: Progress,
) -> Linearised:
    """The network in the directions that its gradient and some vectors reach first.

    Args:
        bridge: to the model.
        read: the rows.
        root: P^{1/2}, a vector or a number.
        pull: W, likewise.
        starts: P^{-1/2} times what else is to lie in the space.
        directions: K.
        progress: called after each product.
    """
    K = min(directions, bridge.size)
    with ExitStack() as stack:
        locals_ = [stack.enter_context(bridge.on(batch)) for batch in read.joined]
        own = _outputs(locals_, K)
        loss = outputs_loss(locals_)
        gradient = _gradient(locals_, read.rows)
        A = _GaussNewton(locals_, root, pull, bridge.size)
        krylov = Krylov(A, K + len(starts) + 2)
        krylov.start(at_home(root) * gradient)
        for v in starts:
            krylov.start(at_home(v))
        while len(krylov.done) < K and krylov.waiting:
            krylov.step()
            progress(len(krylov.done), K)
    _require_moving(krylov)
    outputs = np.concatenate([as_numpy(each).astype(np.float32) for each in own])
    moves = np.stack([loss.arranged(each) for each in A.moves], -1)
    today = float(loss.value(loss.arranged(outputs)[..., None])[0])
    V = tuple(krylov.basis[j] for j in krylov.done)
    return Linearised(V, loss.arranged(outputs), moves, loss, today, 2 * krylov.products)


def _outputs(locals_: Sequence[Local], K: int) -> list[Outputs]:
    """The outputs of each batch, where there is room for what they do in K directions."""
    if not locals_[0].splits:
        locals_[0].outputs()  # says why not
    own = [local.outputs() for local in locals_]
    numbers = sum(int(np.prod(each.shape)) for each in own)
    check_memory("the derivatives of the outputs", 4 * 3 * K * numbers)
    return own


def _gradient(locals_: Sequence[Local], rows: int) -> Vector:
    """Of the mean loss over all rows."""
    gradient: Vector = 0.0
    for local in locals_:
        gradient = gradient + at_home(local.gradient()) * (local.rows / rows)
    return gradient


def _require_moving(krylov: Krylov) -> None:
    """Refuse a space without a direction."""
    if not krylov.done:
        raise PolyakError(
            "the gradient is 0 at these parameters: nothing moves, and there is nothing to forecast"
        )
