"""The Hessian of a problem's loss, known by its products with vectors: whole where it is small, else by its ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import ArrayLike, NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.problems.on_device import on_device

MOST_WHOLE = 2_000  # parameters n: n products, 8 n^2 bytes (32 MB), eigvalsh's 4/3 n^3 operations: seconds
TO = 1e-12  # relative, where Lanczos' method ends

Loss: TypeAlias = Callable[[Pytree, jax.Array, jax.Array], jax.Array]


class Hessian:
    """H of the loss over all the data, at one point.

    Attributes:
        size: how many parameters there are.

    To be made and used in float64 (`jax.enable_x64`).
    """

    def __init__(self, problem: Problem, params: Pytree) -> None:
        require_shapes(problem, params)
        arrays = jax.tree.map(lambda x: jnp.asarray(x, dtype=jnp.float64), params)
        self._point, self._unravel = ravel_pytree(arrays)
        self._loss, self._tree = problem.loss, jax.tree.map(jnp.zeros_like, arrays)
        self._X, self._y = on_device(problem, "float64")[0]
        self.size = int(self._point.size)

    def __matmul__(self, v: ArrayLike) -> NDArray[np.float64]:
        """H v for v of shape (size,)."""
        return np.asarray(
            _product(self._loss, self._tree, self._point, jnp.asarray(v).ravel(), self._X, self._y)
        )


def require_shapes(problem: Problem, params: Pytree) -> None:
    """Raise a PolyakError where these are not parameters of the problem."""
    shapes = jax.tree.map(np.shape, problem.init(np.random.default_rng(0)))
    try:
        fits = jax.tree.map(np.shape, params) == shapes
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise PolyakError(f"params do not have the shapes of {problem.name}'s: {shapes}")


def spectrum_of(hessian: Hessian) -> NDArray[np.float64]:
    """All the eigenvalues, rising, by the products with the unit vectors: shape (size,)."""
    H, unit = np.empty((hessian.size, hessian.size)), np.zeros(hessian.size)
    for k in range(hessian.size):
        unit[k] = 1.0
        H[k] = hessian @ unit
        unit[k] = 0.0
    if not np.isfinite(H).all():
        return np.full(hessian.size, np.nan)
    return np.asarray(np.linalg.eigvalsh((H + H.T) / 2), dtype=np.float64)


def extremes(hessian: Hessian) -> NDArray[np.float64]:
    """The smallest and the largest eigenvalue of many, by Lanczos' method (SciPy's ARPACK): shape (2,).

    Source: Lanczos, C. (1950). An iteration method for the solution of the eigenvalue problem of linear differential
    and integral operators. The smallest of an ill-conditioned Hessian is found to 1e-12 of the largest.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    n = hessian.size
    operator = LinearOperator((n, n), matvec=hessian.__matmul__, dtype=np.float64)
    v0 = np.random.default_rng(0).normal(size=n)
    basis = min(n, max(20, 2 * int(np.sqrt(n)) + 20))
    ends = []
    for which in ("SA", "LA"):
        try:
            ends.append(
                eigsh(operator, 1, which=which, v0=v0, ncv=basis, tol=TO, return_eigenvectors=False)[0]
            )
        except ArpackNoConvergence as error:
            raise PolyakError(f"Lanczos' method did not converge on {n} parameters ({error})") from error
    return np.array(ends)


@partial(jax.jit, static_argnums=0)
def _product(
    loss: Loss, tree: Pytree, point: jax.Array, v: jax.Array, X: jax.Array, y: jax.Array
) -> jax.Array:
    """d/dt of the gradient at point + t v: forward over reverse."""
    _, unravel = ravel_pytree(tree)

    def slope(flat: jax.Array) -> jax.Array:
        gradient: jax.Array = ravel_pytree(jax.grad(loss)(unravel(flat), X, y))[0]
        return gradient

    product: jax.Array = jax.jvp(slope, (point,), (v,))[1]
    return product
