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
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.problems.on_device import on_device
from polyak.theory.extremes import extremes

MOST_WHOLE = 2_000  # parameters n: n products, 8 n^2 bytes (32 MB), eigvalsh's 4/3 n^3 operations: seconds
TO = 1e-12  # relative, where Lanczos' method ends
MOST_PRODUCTS = 20_000  # or without an answer

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

    def random(self, generator: np.random.Generator, /) -> NDArray[np.float64]:
        """Standard normal numbers."""
        return generator.normal(size=self.size)


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


def ends_of(hessian: Hessian) -> NDArray[np.float64]:
    """The smallest and the largest eigenvalue of many: shape (2,), to 1e-12 of the largest.

    Raises PolyakError where so many products as `extremes` may ask for do not find them.
    """
    found = extremes(hessian, top=1, bottom=1, accuracy=TO, most_products=MOST_PRODUCTS)
    if not found.met:
        worst = readable(float(found.ritz.errors[[0, -1]].max()), 2)
        raise PolyakError(
            f"the ends of the spectrum of {hessian.size} parameters are known to {worst} only, after "
            f"{found.krylov.products} products"
        )
    return found.ritz.values[[0, -1]]


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
