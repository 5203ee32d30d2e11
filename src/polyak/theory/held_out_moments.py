r"""The expected loss over rows that were held out: the same moments of the parameters, other rows.

    loss_out(p* + x) = q^T K_out q / 2,    q = (x, 1),    E[loss_out] = trace(K_out E[q q^T]) / 2

K_out is the held-out rows' own Hessian, slope and loss, seen from the optimum p* of the rows that are trained on. The
batches do not know of these rows: E[q q^T] is that of the training (moment_recursion.py).
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from polyak.ground.compiled import quickly
from polyak.problems import Problem
from polyak.problems.first_parameters import parameter_generator
from polyak.problems.on_device import on_device
from polyak.theory.data_moments import Moments, curvatures_of
from polyak.theory.noise_floor import settled_spread

UNSEEN = 1e-9  # of a Hessian's size: what rows have along a direction below it is rounding


def held_out_form(problem: Problem, found: Moments, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """K_out, shape (d + 1, d + 1).

    Args:
        problem: one that holds rows out.
        found: the moments of the rows that it trains on.
        point: at which the held-out rows' quadratic is taken, shape (d,); any where it is exact.

    >>> import polyak as pk
    >>> from polyak.theory.data_moments import moments
    >>> held_out = [[2.0], [2.0]], [3.0, 3.0]
    >>> held = pk.problems.hold_out(pk.linear_regression(([[1.0], [3.0], [4.0]], [1.0, 2.0, 4.0])), held_out)
    >>> K = held_out_form(held, moments(held), np.zeros(2))
    >>> round(float(K[-1, -1]) / 2, 6)  # (3 less the line (13 x - 2) / 14 at 2) squared, halved
    0.826531
    """
    with jax.enable_x64(True):
        rows = on_device(problem, "float64").held_out
        assert rows is not None
        like = jax.tree.map(lambda leaf: jnp.zeros(np.shape(leaf)), problem.init(parameter_generator(0)))
        unravel = ravel_pytree(like)[1]

        def loss(p: jax.Array) -> jax.Array:
            return problem.loss(unravel(p), *rows)

        @quickly  # operation by operation it is forty programs
        def form(p: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            return loss(p), jax.grad(loss)(p), jax.hessian(loss)(p)

        value, c, H = map(np.asarray, form(jnp.asarray(point)))
    away = found.optimum - point
    K = np.empty((found.size + 1, found.size + 1))
    K[:-1, :-1] = H
    K[-1, :-1] = K[:-1, -1] = c + H @ away
    K[-1, -1] = 2 * (float(value) + c @ away) + away @ H @ away
    return K


def expected_over(K: NDArray[np.float64], P: NDArray[np.float64]) -> NDArray[np.float64]:
    """trace(K E[q q^T]) / 2 at every step, P being E[w w^T] of shape (steps, s d + 1, s d + 1)."""
    q = np.append(np.arange(len(K) - 1), P.shape[-1] - 1)
    return np.asarray(np.einsum("ij,tij->t", K, P[:, q[:, None], q]) / 2)


def held_out_floor(
    K: NDArray[np.float64],
    A: NDArray[np.float64],
    B: NDArray[np.float64],
    found: Moments,
    batch_size: int,
) -> float:
    """The expected held-out loss in the long run; inf where it grows without end, nan where it is the starts' too.

    The starts stay in it where the rows that are trained on leave a direction flat that the held-out rows see.
    """
    spread = settled_spread(A, B, found, batch_size)
    if spread is None:
        return math.inf
    _, U = curvatures_of(found)
    away = np.eye(found.size) - U @ U.T
    if np.linalg.norm(away @ K[:-1]) > UNSEEN * np.linalg.norm(K):
        return math.nan
    return float(K[-1, -1] + np.sum(K[:-1, :-1] * (U @ spread @ U.T))) / 2
