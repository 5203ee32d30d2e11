r"""The quadratic that a model is near today's parameters, as its gradient and its gradient's noise see it.

    loss(x + d) = loss + g^T d + d^T H d / 2
    g^T f(H) g = sum_j w_j f(lambda_j),    tr(Sigma f(H)) = sum_k s_k f(lambda_k)

Both measures by Lanczos' method, begun at g and at differences of batch gradients, whose covariance is Sigma:

    u = sqrt(n n' / (n + n')) (g_b - g_b')    of two batches of n and n' rows

In the coordinates P^{-1/2} x of an optimizer that moves each entry by a gain of its own, H is P^{1/2} H P^{1/2} and g
is P^{1/2} g. Only a few numbers are left of the model then, and any setting can be asked of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyak.frameworks.bridge import Batch, Bridge, Vector
from polyak.ground.errors import PolyakError
from polyak.ground.progress import Progress, silent
from polyak.theory.expected_fall import Measure
from polyak.theory.lanczos import Krylov, Operator
from polyak.theory.model_hessian import Kind, ModelHessian
from polyak.theory.model_subspace import Preconditioned
from polyak.theory.noise_readings import dot

ALONG = 24  # products from the gradient
ACROSS = 12  # from each difference
PAIRS = 3


@dataclass(frozen=True)
class LocalQuadratic:
    """A model's quadratic, measured over some rows.

    Attributes:
        gradient: the measure of the gradient over these rows.
        noise: of one row's covariance, with its trace from all pairs; None where there is one batch alone.
        kind: of the matrix: "hessian" or "gauss_newton".
        rows: over how many.
        batches: how many batches they were in.
        products: with the matrix, over all these rows.
    """

    gradient: Measure
    noise: Measure | None
    kind: Kind
    rows: int
    batches: int
    products: int


def local_quadratic(
    bridge: Bridge,
    batches: Sequence[Batch],
    *,
    kind: Kind,
    scale: Vector | float = 1.0,
    progress: Progress | None = None,
) -> LocalQuadratic:
    """Measure a model's quadratic over some of its batches.

    Args:
        bridge: to the model.
        batches: of its rows.
        kind: of the matrix.
        scale: P^{1/2}, a vector or a number.
        progress: called with (products done, products at most).

    Raises PolyakError where the gradient is 0 or not finite: nothing falls there.
    """
    gradient, differences, trace = _gradients(bridge, batches, scale)
    size = dot(gradient, gradient)
    if not (math.isfinite(size) and size > 0):
        raise PolyakError(
            f"the gradient of {bridge.name} is {'not finite' if not math.isfinite(size) else '0'}: there is no descent"
        )
    with ModelHessian(bridge, batches, kind) as whole:
        measure = _Measuring(
            Preconditioned(whole, scale, 0.0), progress or silent, ALONG + ACROSS * len(differences)
        )
        along = measure(gradient, ALONG)
        across = [measure(u, ACROSS) for u in differences if dot(u, u) > 0]
    noise = None
    if across and trace > 0:
        nodes, weights = (np.concatenate([getattr(m, name) for m in across]) for name in ("nodes", "weights"))
        noise = Measure(nodes, weights * trace / float(weights.sum()))
    measure.progress(measure.most, measure.most)
    return LocalQuadratic(along, noise, kind, sum(map(bridge.rows, batches)), len(batches), measure.done)


@dataclass
class _Measuring:
    """Spectral measures of one matrix, and how many products they have taken so far."""

    matrix: Operator
    progress: Progress
    most: int
    done: int = 0

    def __call__(self, v: Vector, products: int) -> Measure:
        """The measure of v, by so many products at most."""
        krylov = Krylov(self.matrix, products + 1)
        krylov.start(v)
        while krylov.waiting and krylov.products < products:
            krylov.step()
            self.progress(self.done + krylov.products, self.most)
        self.done += krylov.products
        ritz = krylov.ritz()
        return Measure(ritz.values, ritz.vectors[0] ** 2 * dot(v, v))


def _gradients(bridge: Bridge, batches: Sequence[Batch], scale: Vector) -> tuple[Vector, list[Vector], float]:
    """The gradient over all the rows, some differences of batch gradients, and tr Sigma from all neighbours."""
    mean, rows, differences, squares = None, 0, list[Vector](), list[float]()
    last: tuple[Vector, int] | None = None
    for batch in batches:
        with bridge.on(batch) as local:
            g, n = local.gradient(), local.rows
        g = scale * g
        mean = g if mean is None else mean + (n / (rows + n)) * (g - mean)
        rows += n
        if last is None:
            last = (g, n)
            continue
        u = math.sqrt(n * last[1] / (n + last[1])) * (g - last[0])
        squares.append(dot(u, u))
        if len(differences) < PAIRS:
            differences.append(u)
        last = None
    return mean, differences, float(np.mean(squares)) if squares else 0.0
