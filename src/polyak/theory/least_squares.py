r"""Least squares of any number of parameters, seen from its optimum in the eigenbasis of its Hessian.

    g_i(p* + U x) = z_i (z_i^T x - r_i),    loss = least + x^T Lambda x / 2,    mean_i r_i z_i = 0

with the rows z_i of rows.py and r_i what is left of row i at the optimum. Flat directions do not show in the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.problems.on_device import on_device
from polyak.run.batches import parameter_generator
from polyak.run.seeds import seeds_from
from polyak.theory.data_moments import flat
from polyak.theory.rows import Rows, rows_of


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """A problem as its rows, its optimum, and what is left there.

    Attributes:
        rows: n of them in the eigenbasis of k curvatures.
        optimum: p*, seen along the axes, shape (k,).
        residuals: r_i, shape (n,).
        least: the loss at p*.
    """

    rows: Rows
    optimum: NDArray[np.float64]
    residuals: NDArray[np.float64]
    least: float

    def from_optimum(self, params: NDArray[np.float64]) -> NDArray[np.float64]:
        """Parameters, shape (m, d), as x, shape (m, k)."""
        assert self.rows.axes is not None
        return np.asarray(params @ self.rows.axes - self.optimum)


@lru_cache(maxsize=4)
def least_squares(problem: Problem) -> LeastSquares:
    """A problem as least squares; PolyakError as `rows_of`, where it is none of one number a row.

    >>> import polyak as pk
    >>> found = least_squares(pk.linear_regression(([[1.0], [3.0], [4.0]], [1.0, 2.0, 4.0])))
    >>> round(found.least, 6)  # (1, 2, 4) less the line (13 x - 2) / 14: the mean of the squares, halved
    0.107143
    """
    rows = rows_of(problem)
    assert rows.axes is not None
    assert rows.offsets is not None
    optimum = -(rows.Z.T @ rows.offsets) / len(rows.Z) / rows.curvatures
    residuals = -(rows.Z @ optimum + rows.offsets)
    with jax.enable_x64(True):
        X, y = on_device(problem, "float64")[0]
        like = jax.tree.map(np.float64, problem.init(parameter_generator(0)))
        least = float(problem.loss(ravel_pytree(like)[1](jnp.asarray(rows.axes @ optimum)), X, y))
    return LeastSquares(rows, optimum, residuals, least)


def starts(
    problem: Problem, seeds: int | Sequence[int], start: Pytree = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first parameters of the runs seen from the optimum: their mean, shape (k,), and covariance, (k, k)."""
    found = least_squares(problem)
    if start is not None:
        x = found.from_optimum(flat(problem, start)[None])
        return x[0], np.zeros((x.shape[1],) * 2)
    firsts = [problem.init(parameter_generator(seed)) for seed in seeds_from(0, seeds)]
    leaves = zip(*(jax.tree.leaves(params) for params in firsts), strict=True)
    points = [np.stack(leaf).reshape(len(firsts), -1) for leaf in leaves]
    x = found.from_optimum(np.concatenate(points, axis=1).astype(np.float64))
    away = x - x.mean(0)
    return x.mean(0), away.T @ away / len(x)
