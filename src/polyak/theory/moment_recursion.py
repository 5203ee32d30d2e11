r"""Mean and second moment of (x, slots), step by step.

    z' = A z + B g,    g = M q + noise,    q = (x, 1),    E[noise noise^T | x] = V q q^T / b

    mu' = T mu,    P' = T P T^T + (B B^T) (x) (V Q / b),    P = E[w w^T],    w = (z, 1)

with Q the part of P that belongs to q. The batches of different steps are independent: nothing is left out.
T is the mean step: A on each coordinate's z, and B M, what the mean gradient adds. w is laid out slot by slot, x first,
the 1 last.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from polyak.ground.compiled import thoroughly

Pair: TypeAlias = tuple[jax.Array, jax.Array]


class Steps(NamedTuple):
    """What the steps are made of.

    Attributes:
        A: shape (steps, s, s).
        B: shape (steps, s).
        M: shape (d, d + 1).
        V: shape (d d, (d + 1)(d + 1)), over the batch size.
    """

    A: jax.Array
    B: jax.Array
    M: jax.Array
    V: jax.Array


class Recorded(NamedTuple):
    """What is kept of each step: excesses over the least loss."""

    deterministic: jax.Array
    noise: jax.Array
    variance: jax.Array
    P: jax.Array


def mean_step(A: jax.Array, B: jax.Array, M: jax.Array) -> jax.Array:
    """T, shape (s d + 1, s d + 1)."""
    s, d = len(B), len(M)
    T = jnp.zeros((s * d + 1, s * d + 1)).at[-1, -1].set(1.0)
    T = T.at[:-1, :-1].set(jnp.kron(A, jnp.eye(d)))
    push = jnp.kron(B[:, None], M)  # (s d, d + 1): what the gradient adds
    return T.at[:-1, :d].add(push[:, :-1]).at[:-1, -1].add(push[:, -1])


def second_moment(P: jax.Array, A: jax.Array, B: jax.Array, M: jax.Array, V: jax.Array) -> jax.Array:
    """P after a step; linear in P."""
    d = len(M)
    T = mean_step(A, B, M)
    q = jnp.append(jnp.arange(d), len(P) - 1)
    C = (V @ P[q[:, None], q].ravel()).reshape(d, d)
    return (T @ P @ T.T).at[:-1, :-1].add(jnp.kron(jnp.outer(B, B), C))


@thoroughly
def recursion(mu: jax.Array, P: jax.Array, steps: Steps, K: jax.Array) -> Recorded:
    """Every step's expectation, the start first: arrays with a leading axis of steps + 1.

    Args:
        mu: E[w] at the start, shape (s d + 1,).
        P: E[w w^T] at the start.
        steps: the maps and the moments.
        K: the loss is q^T K q / 2, without its least: shape (d + 1, d + 1).
    """

    def step(carry: Pair, maps: Pair) -> tuple[Pair, Recorded]:
        mu, P = carry
        A, B = maps
        carry = mean_step(A, B, steps.M) @ mu, second_moment(P, A, B, steps.M, steps.V)
        return carry, _recorded(*carry, K)

    _, records = lax.scan(step, (mu, P), (steps.A, steps.B))
    return Recorded(
        *(jnp.concatenate([a[None], b]) for a, b in zip(_recorded(mu, P, K), records, strict=True))
    )


@thoroughly
def worth(K: jax.Array, steps: Steps, size: jax.Array) -> jax.Array:
    """What P is worth, if so many steps follow it: W_j with E[loss] = sum(W_j P) / 2 after j steps, for j = 0 .. steps.

    The transpose of `second_moment`, applied to K over and over. All of `steps` are of one map, the first; `size`
    is an array of P's shape.
    """
    d = len(K) - 1
    q = jnp.append(jnp.arange(d), len(size) - 1)
    W = jnp.zeros_like(size).at[q[:, None], q].set(K)
    A, B = steps.A[0], steps.B[0]
    back = jax.linear_transpose(lambda P: second_moment(P, A, B, steps.M, steps.V), size)
    _, worths = lax.scan(lambda W, _: (back(W)[0], W), W, length=len(steps.A) + 1)
    return worths


def _recorded(mu: jax.Array, P: jax.Array, K: jax.Array) -> Recorded:
    """The loss of the mean, what the spread around it adds, and the loss's variance were x normal."""
    d = len(K) - 1
    q = jnp.append(jnp.arange(d), len(mu) - 1)
    H, x = K[:-1, :-1], mu[:d]
    spread = P[:d, :d] - jnp.outer(x, x)
    slope = K[:-1] @ mu[q]
    HS = H @ spread
    variance = jnp.trace(HS @ HS) / 2 + slope @ spread @ slope
    return Recorded(mu[q] @ K @ mu[q] / 2, jnp.trace(HS) / 2, variance, P)
