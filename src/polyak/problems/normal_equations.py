r"""The gradient of least squares for many weights side by side, by the batch's moments.

    grad = G p - h,    G = Z^T Z / n,    h = Z^T y / n,    Z = (X, 1),    p = (w, b)

G and h are of the batch alone: they are taken once for all weights, and each is left with (d + 1)^2 products of the
2 n (d + 1) that the rows ask for. Both ways round alike, by about eps |Z|^2 |p|. The loss is taken by the residuals:
from moments it would be the difference of large numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from polyak.problems.problem import Params

if TYPE_CHECKING:
    import jax

MOST_COLUMNS = 64  # from about twice as many on G costs more than it saves, on as many lanes as a cache holds

Rows = tuple[Params, "jax.Array", "jax.Array"]


def half_squared_error_of_many(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    """The mean of (X w + b - y)^2 / 2, in products of matrices once many weights stand side by side."""
    rows, columns = X.shape
    if columns > MOST_COLUMNS or columns + 1 > 2 * rows:
        return by_residuals(params, X, y)
    return _by_moments()(params, X, y)


def by_residuals(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    """The same, whose gradient goes through the rows."""
    residual: jax.Array = X @ params["weight"] + params["bias"] - y
    return (residual**2).mean() / 2


@cache
def _by_moments() -> Callable[[Params, jax.Array, jax.Array], jax.Array]:
    """The loss with that gradient; made at its first use, as JAX is not imported before."""
    import jax
    import jax.numpy as jnp

    def forward(params: Params, X: jax.Array, y: jax.Array) -> tuple[jax.Array, Rows]:
        return by_residuals(params, X, y), (params, X, y)

    def back(saved: Rows, slope: jax.Array) -> tuple[Params, None, None]:
        params, X, y = saved
        Z = jnp.concatenate([X, jnp.ones((len(X), 1), X.dtype)], axis=1)
        G, h = Z.T @ Z / len(Z), Z.T @ y / len(Z)
        gradient = slope * (G @ jnp.append(params["weight"], params["bias"]) - h)
        return {"weight": gradient[:-1], "bias": gradient[-1]}, None, None

    loss = jax.custom_vjp(by_residuals)
    loss.defvjp(forward, back)
    return loss
