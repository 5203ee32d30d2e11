r"""A least-squares problem's rows as vectors: all that its mini-batches do to the second moment of the parameters.

Row i's loss is quadratic with a Hessian of rank one, H_i = z_i z_i^T, and in the eigenbasis U of the mean Hessian

    H = Z^T Z / n = U Lambda U^T,    Z U: n rows, one column for each curvature that is not flat

z_i is read off the loss itself, by its products with a few vectors u: z_i = H_i u / sqrt(u^T H_i u); its gradient is
z_i (z_i^T p + t_i), so that t_i is read off the gradient at p = 0. Of fewer rows than parameters the eigenvalues are
those of Z Z^T / n, which has one for each row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from polyak.ground.compiled import thoroughly
from polyak.ground.errors import PolyakError
from polyak.ground.limits import check_memory
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.problems.on_device import on_device
from polyak.run.batches import parameter_generator
from polyak.theory.flatness import pulling

DIRECTIONS = 4  # vectors u: of a row, that one serves which it is least at right angles to
RANK_ONE_TO = 1e-8  # relative
LEAST = 1e-300  # in place of 0, to divide by
ROWS = 10_000_000  # numbers of rows' products held at once


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a least-squares problem in the eigenbasis of its Hessian, n rows and k curvatures that are not flat.

    Attributes:
        Z: shape (n, k); H_i is the outer product of row i with itself, and the mean of these is diagonal.
        curvatures: the Hessian's eigenvalues, rising, shape (k,).
        axes: U, shape (d, k); None where only what is above is known.
        offsets: t_i, shape (n,); None as well.
    """

    Z: NDArray[np.float64]
    curvatures: NDArray[np.float64]
    axes: NDArray[np.float64] | None = None
    offsets: NDArray[np.float64] | None = None

    def mean_of(self, X: NDArray[np.floating]) -> NDArray[Any]:
        """The mean of H_i X H_i over the rows, for a symmetric X of shape (k, k)."""
        return self.weighed(np.einsum("ia,ia->i", self.Z @ X.astype(self.Z.dtype), self.Z))

    def weighed(self, weights: NDArray[np.floating]) -> NDArray[Any]:
        """The mean of w_i H_i over the rows, shape (k, k)."""
        # A matrix times its own transpose is half a product: for the positive weights, and for the others.
        mean, kind = np.zeros((self.Z.shape[1],) * 2, dtype=self.Z.dtype), self.Z.dtype
        for sign in (1, -1):
            there = sign * weights > 0
            if there.any():
                root = self.Z[there] * np.sqrt(np.abs(weights[there]) / len(self.Z)).astype(kind)[:, None]
                mean += kind.type(sign) * (root.T @ root)
        return mean

    @cached_property
    def single(self) -> Rows:
        """The same in single precision: products of half the time, where a millionth is near enough."""
        return Rows(self.Z.astype(np.float32), self.curvatures.astype(np.float32))


@lru_cache(maxsize=4)
def rows_of(problem: Problem) -> Rows:
    """The rows of a problem.

    Raises PolyakError where a row's loss is not quadratic with a Hessian of rank one: then this is no least squares of
    one number a row, and nothing is said.

    >>> import polyak as pk
    >>> rows = rows_of(pk.linear_regression(([[1.0], [3.0]], [1.0, 2.0])))
    >>> rows.curvatures.round(6)  # of the mean of (1, 1) (1, 1)^T and (3, 1) (3, 1)^T
    array([0.171573, 5.828427])
    """
    start = problem.init(parameter_generator(0))
    size = int(sum(np.size(leaf) for leaf in jax.tree.leaves(start)))
    n = problem.data.rows
    check_memory(f"the rows of {problem.name}", 8 * 4 * n * size)
    with jax.enable_x64(True):
        vectors, offsets = _vectors(problem, size)
    if n < size:
        curvatures, W = np.linalg.eigh(vectors @ vectors.T / n)
        pulls = pulling(curvatures, size, problem.name)
        roots = np.sqrt(n * curvatures[pulls])
        return Rows(W[:, pulls] * roots, curvatures[pulls], vectors.T @ W[:, pulls] / roots, offsets)
    curvatures, U = np.linalg.eigh(vectors.T @ vectors / n)
    pulls = pulling(curvatures, size, problem.name)
    return Rows(vectors @ U[:, pulls], curvatures[pulls], U[:, pulls], offsets)


def _vectors(problem: Problem, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """z_i and t_i of every row, shapes (n, d) and (n,)."""
    generator = np.random.default_rng(0)
    u = jnp.asarray(generator.normal(size=(DIRECTIONS, size)) / np.sqrt(size))
    X, y = on_device(problem, "float64")[0]
    like = jax.tree.map(lambda leaf: jnp.zeros(np.shape(leaf)), problem.init(parameter_generator(0)))
    step = max(1, ROWS // (size * 2 * DIRECTIONS))
    found = []
    for k in range(0, len(y), step):
        z, t, off = _of_rows(problem.loss, like, u, X[k : k + step], y[k : k + step])
        if not float(off) <= RANK_ONE_TO:
            raise PolyakError(
                f"{problem.name} is not least squares of one number a row: how its batches spread is not known here"
            )
        found.append((np.asarray(z), np.asarray(t)))
    vectors, offsets = zip(*found, strict=True)
    return np.concatenate(vectors), np.concatenate(offsets)


@partial(thoroughly, static=0)
def _of_rows(
    loss: Callable[..., jax.Array], like: Pytree, u: jax.Array, X: jax.Array, y: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """z and t of each row, and how far its Hessian is from z z^T and from being constant, relative to it.

    The gradient too is along z, or it is no square of one number.
    """
    origin, unravel = ravel_pytree(like)

    def of_row(features: jax.Array, label: jax.Array) -> tuple[jax.Array, ...]:
        slope = jax.grad(lambda p: loss(unravel(p), features[None], label[None]))

        def products(at: jax.Array) -> jax.Array:
            found: jax.Array = jax.vmap(lambda v: jax.jvp(slope, (at,), (v,))[1])(u)
            return found

        Hu, elsewhere = products(origin), products(100.0 * u[0])
        along = jnp.einsum("kd,kd->k", u, Hu)
        best = jnp.argmax(along)
        z = Hu[best] / jnp.sqrt(jnp.where(along[best] > 0, along[best], 1.0))
        off = jnp.maximum(jnp.abs(Hu - jnp.outer(u @ z, z)).max(), jnp.abs(Hu - elsewhere).max())
        g = slope(origin)
        t = g @ z / jnp.where(along[best] > 0, z @ z, 1.0)
        return z, t, off, jnp.abs(Hu).max(), jnp.abs(g - t * z).max(), jnp.abs(g).max()

    z, t, off, sizes, aside, slopes = jax.vmap(of_row)(X, y)
    bent = off.max() / jnp.maximum(sizes.max(), LEAST)
    return z, t, jnp.maximum(bent, aside.max() / jnp.maximum(slopes.max(), LEAST))
