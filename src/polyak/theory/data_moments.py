r"""A quadratic problem's data as moments: all that the expectation of its training needs, whatever the number of rows.

Row i's gradient is affine in the parameters, seen from the least-squares optimum p*:

    g_i(p* + x) = H_i x + c_i = M_i q,    M_i = (H_i, c_i),    q = (x, 1)

    M = mean of M_i,    V = mean of M_i (x) M_i - M (x) M      (the data's second and fourth moments)

A batch of b rows drawn with replacement has the mean gradient M q, with the covariance V q q^T / b.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from polyak.ground.compiled import thoroughly
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.problems.on_device import on_device
from polyak.run.batches import parameter_generator
from polyak.theory.flatness import EPS, TO, pulling
from polyak.theory.hessian import Loss, require_shapes

MOST_PARAMETERS = 64  # V has d^2 (d+1)^2 numbers
CHUNK = 4_000_000  # numbers of row Hessians held at once
QUADRATIC_TO = 1e-8  # relative


@dataclass(frozen=True, eq=False)
class Moments:
    """A problem's data as moments, d parameters.

    Attributes:
        optimum: p*, where the mean gradient is least, shape (d,).
        least: the loss there.
        M: the mean of M_i, shape (d, d + 1): the Hessian, and the mean gradient at p*.
        V: shape (d d, (d + 1)(d + 1)); V q q^T is the covariance of one row's gradient.
        exact: whether the loss of each row is quadratic; else this is its quadratic model at a point.
        origin: the same in words.
    """

    optimum: NDArray[np.float64]
    least: float
    M: NDArray[np.float64]
    V: NDArray[np.float64]
    exact: bool
    origin: str

    @property
    def size(self) -> int:
        """d."""
        return len(self.optimum)

    @property
    def loss(self) -> NDArray[np.float64]:
        """K, shape (d + 1, d + 1): the loss at p* + x is q^T K q / 2."""
        K = np.zeros((self.size + 1, self.size + 1))
        K[:-1] = self.M
        K[-1, :-1] = self.M[:, -1]
        K[-1, -1] = 2 * self.least
        return K


def moments(problem: Problem, point: Pytree = None) -> Moments:
    """The moments of a problem whose rows have quadratic losses, or of its quadratic model at a point.

    Args:
        problem: a Problem of at most 64 parameters.
        point: where to take the model of a problem that is not least squares; parameters of the problem.

    Raises PolyakError for a problem that is not least squares where no point is given, for too many parameters, and
    where something pulls in a direction whose curvature rounding hides: there the optimum cannot be told.

    >>> import polyak as pk
    >>> found = moments(pk.linear_regression(pk.data.diabetes().standardized()))
    >>> found.exact, found.size, round(found.least, 6)
    (True, 11, 0.241126)
    """
    size = parameters_of(problem)
    if size > MOST_PARAMETERS:
        raise PolyakError(
            f"{problem.name} has {size} parameters, expected {MOST_PARAMETERS} at most for an expectation"
        )
    if is_quadratic(problem):
        return _of_rows(problem)
    if point is None:
        raise PolyakError(
            f"{problem.name} is not least squares: say at which parameters to take its quadratic model (point=...)"
        )
    return _moments(problem, flat(problem, point), exact=False)


@lru_cache(maxsize=64)
def parameters_of(problem: Problem) -> int:
    """How many numbers the parameters are."""
    return int(sum(np.size(leaf) for leaf in jax.tree.leaves(problem.init(parameter_generator(0)))))


def flat(problem: Problem, params: Pytree) -> NDArray[np.float64]:
    """Parameters in one vector, shape (d,); a one-line error where they are not the problem's."""
    require_shapes(problem, params)
    # In NumPy: ravel_pytree would compile one concatenation for each call.
    vector = np.concatenate([np.asarray(leaf, dtype=np.float64).ravel() for leaf in jax.tree.leaves(params)])
    if not np.isfinite(vector).all():
        raise PolyakError("parameters are not finite")
    return vector


@lru_cache(maxsize=64)
def is_quadratic(problem: Problem) -> bool:
    """Whether each row's gradient is affine in the parameters, by test on the first rows at two points."""
    generator = np.random.default_rng(0)
    start = flat(problem, problem.init(parameter_generator(0)))
    with jax.enable_x64(True):
        # As many rows as `_moments` takes at once: what is compiled here serves there.
        X, y = (array[: max(1, CHUNK // len(start) ** 2)] for array in on_device(problem, "float64")[0])
        H, c = map(np.asarray, _rows(problem.loss, _like(problem), jnp.asarray(start), X, y))
        for scale in (1.0, 100.0):
            x = scale * generator.normal(size=start.shape)
            there = np.asarray(_rows(problem.loss, _like(problem), jnp.asarray(start + x), X, y)[1])
            expected = c + H @ x
            if not np.abs(there - expected).max() <= QUADRATIC_TO * np.abs(expected).max():
                return False
    return True


@lru_cache(maxsize=8)
def _of_rows(problem: Problem) -> Moments:
    return _moments(problem, flat(problem, problem.init(parameter_generator(0))), exact=True)


def _moments(problem: Problem, point: NDArray[np.float64], *, exact: bool) -> Moments:
    d, n = len(point), problem.data.rows
    step = max(1, CHUNK // (d * d))
    with jax.enable_x64(True):
        X, y = on_device(problem, "float64")[0]
        tree, here = _like(problem), jnp.asarray(point)
        parts = [_rows(problem.loss, tree, here, X[k : k + step], y[k : k + step]) for k in range(0, n, step)]
        H = np.concatenate([np.asarray(part[0]) for part in parts])
        c = np.concatenate([np.asarray(part[1]) for part in parts])
        value = float(problem.loss(ravel_pytree(tree)[1](here), X, y))
    mean_H, mean_c = H.mean(0), c.mean(0)
    curvatures, U = np.linalg.eigh((mean_H + mean_H.T) / 2)
    pulls = pulling(curvatures, d, problem.name)
    away = -U[:, pulls] @ (U[:, pulls].T @ mean_c / curvatures[pulls])
    size = np.linalg.norm(np.abs(c).mean(0)) + np.abs(curvatures).max() * np.linalg.norm(away)
    _check_rest(problem.name, mean_H @ away + mean_c, float(size))
    rows = np.concatenate([H, (c + H @ away)[:, :, None]], axis=2)
    M = rows.mean(0)
    least = value + float(mean_c @ away + away @ mean_H @ away / 2)
    origin = (
        "least squares, exact for batches drawn with replacement"
        if exact
        else "the quadratic model at a point"
    )
    centred = (rows - M).reshape(n, -1)
    V = (centred.T @ centred / n).reshape(d, d + 1, d, d + 1).transpose(0, 2, 1, 3)
    return Moments(point + away, least, M, V.reshape(d * d, (d + 1) ** 2), exact, origin)


def curvatures_of(data: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Hessian's eigenvalues that are not flat, rising, shape (k,), and their axes, shape (d, k)."""
    H = data.M[:, :-1]
    values, U = np.linalg.eigh((H + H.T) / 2)
    pulls = pulling(values, data.size, "the data")
    return values[pulls], U[:, pulls]


def _check_rest(name: str, rest: NDArray[np.float64], size: float) -> None:
    """The mean gradient at the optimum is 0 but for the rounding of terms of `size`, in flat directions too."""
    pull = float(np.linalg.norm(rest))
    if pull > TO * len(rest) * EPS * size:
        raise PolyakError(
            f"{name}: the data pull by {readable(pull, 2)} in a direction whose curvature cannot be told "
            "from 0, so that the "
            "least loss cannot be told either (a column that is almost a copy of others?)"
        )


def _like(problem: Problem) -> Pytree:
    return jax.tree.map(
        lambda leaf: jnp.zeros(np.shape(leaf), dtype=jnp.float64), problem.init(parameter_generator(0))
    )


@partial(thoroughly, static=0)
def _rows(
    loss: Loss, tree: Pytree, point: jax.Array, X: jax.Array, y: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Each row's Hessian and gradient at a point: shapes (rows, d, d) and (rows, d)."""
    _, unravel = ravel_pytree(tree)

    def of_row(p: jax.Array, features: jax.Array, label: jax.Array) -> jax.Array:
        return loss(unravel(p), features[None], label[None])

    slope, bend = jax.grad(of_row), jax.hessian(of_row)
    rows: tuple[jax.Array, jax.Array] = jax.vmap(lambda *row: (bend(point, *row), slope(point, *row)))(X, y)
    return rows
