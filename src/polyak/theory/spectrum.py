r"""What the eigenvalues of a step's matrix say: the rate, the regime, the period.

    z_{k+1} = M z_k,    rate = max |mu_i|,    steps to a fraction q = log q / log rate,    period = 2 pi / |arg mu|

For a matrix of one or two rows the eigenvalues are closed:

    mu = (a + d)/2 +- sqrt(((a - d)/2)^2 + b c),    M = ((a, b), (c, d))
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

REGIMES = ("over-damped", "critically damped", "under-damped", "oscillating", "diverging")
"""The regimes by their codes, 0 to 4. An under-damped one ripples."""
OVER_DAMPED, CRITICALLY_DAMPED, UNDER_DAMPED, OSCILLATING, DIVERGING = range(5)

ROUNDING = 8 * float(np.finfo(np.float64).eps)
EQUAL = 1e-6  # relative distance at which two eigenvalues are called equal: 1e-12 under the root
STABLE = 1 - 1e-12  # a rate of 1 up to rounding is not stable

Array = Any


def eigenvalues(M: Any) -> Array:
    """The eigenvalues of matrices of shape (..., s, s), the largest first: shape (..., s), complex128.

    A discriminant that is 0 up to the rounding of the matrix is 0: else critical damping, where two eigenvalues meet,
    would be known to the root of the rounding only.
    """
    size = M.shape[-1]
    if size == 1:
        return (M[..., 0] + 0j).astype(jnp.complex128)
    if size > 2:
        found = jnp.linalg.eigvals(M)
        return jnp.take_along_axis(found, jnp.argsort(-jnp.abs(found), axis=-1), axis=-1)
    mean, discriminant = _halves(M)
    root = jnp.sqrt(discriminant + 0j)
    root = jnp.where(mean < 0, -root, root)
    return jnp.stack([mean + root, mean - root], axis=-1)


def radius(M: Any) -> Array:
    """The spectral radius of matrices of shape (..., s, s): `rate(eigenvalues(M))`, in real numbers where they do."""
    if M.shape[-1] != 2:
        return rate(eigenvalues(M))
    mean, discriminant = _halves(M)
    complex_pair = mean**2 - discriminant  # the product of the two
    apart = jnp.abs(mean) + jnp.sqrt(jnp.maximum(discriminant, 0.0))
    return jnp.where(discriminant < 0, jnp.sqrt(jnp.maximum(complex_pair, 0.0)), apart)


def _halves(M: Any) -> tuple[Array, Array]:
    """The mean of the two eigenvalues, and the square of half their difference: 0 where rounding is all of it."""
    a, b, c, d = M[..., 0, 0], M[..., 0, 1], M[..., 1, 0], M[..., 1, 1]
    discriminant = ((a - d) / 2) ** 2 + b * c
    grain = ROUNDING * (jnp.abs(a - d) * jnp.maximum(jnp.abs(a), jnp.abs(d)) + jnp.abs(b * c))
    return (a + d) / 2, jnp.where(jnp.abs(discriminant) <= grain, 0.0, discriminant)


def rate(mu: Array) -> Array:
    """The spectral radius: the size of the largest eigenvalue, over the last axis."""
    return jnp.abs(mu).max(-1)


def regime(mu: Array) -> Array:
    """The regime's code for eigenvalues of shape (..., s), the largest first; int8.

    Diverging: the rate is 1 or more. Else by the largest eigenvalue: negative, oscillating; complex, under-damped;
    positive, over-damped, or critically damped where two such meet, or where the error is gone in one step.
    """
    first, size = mu[..., 0], jnp.abs(mu[..., 0])
    gap = jnp.abs(mu[..., 0] - mu[..., 1]) if mu.shape[-1] > 1 else jnp.full(size.shape, jnp.inf)
    meets = (gap <= EQUAL * size) & (first.real > 0)
    gone = size <= 1e-12
    tie = (mu.shape[-1] > 1) & (gap >= 2 * size * (1 - 1e-12)) & (first.imag == 0) & ~gone  # mu and -mu
    code = jnp.where(first.imag != 0, UNDER_DAMPED, OVER_DAMPED)
    code = jnp.where(((first.imag == 0) & (first.real < 0)) | tie, OSCILLATING, code)
    code = jnp.where(meets | gone, CRITICALLY_DAMPED, code)
    return jnp.where(size >= STABLE, DIVERGING, code).astype(jnp.int8)


def period(mu: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Steps from crest to crest of what fades slowest, shape (...): 2 where each changes sign, inf for none."""
    angle = np.abs(np.angle(mu[..., 0]))
    with np.errstate(divide="ignore"):
        return np.asarray(2 * np.pi / angle)


def steps_to(fraction: float, rates: Any) -> NDArray[np.float64]:
    """How many steps shrink an error to `fraction` at these rates: log fraction / log rate; inf where it never does."""
    rates = np.asarray(rates, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.log(fraction) / np.log(rates)
    return np.asarray(np.where(rates >= STABLE, np.inf, np.where(rates == 0, 1.0, np.maximum(steps, 1.0))))


def path(M: NDArray[np.float64], z: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """z_0 .. z_steps for matrices (..., s, s) from z, shape (s,): shape (steps + 1, ..., s)."""
    now = np.broadcast_to(z, M.shape[:-1])
    found = [now]
    with np.errstate(all="ignore"):  # divergence is data
        for _ in range(steps):
            now = np.einsum("...ij,...j->...i", M, now)
            found.append(now)
    return np.array(found)


@jax.jit
def summary(M: Any) -> tuple[Array, Array, Array]:
    """Eigenvalues, rates and regimes of matrices, in one call."""
    mu = eigenvalues(M)
    return mu, rate(mu), regime(mu)


def spectrum(
    M: NDArray[np.float64],
) -> tuple[NDArray[np.complex128], NDArray[np.float64], NDArray[np.int8]]:
    """`summary` in float64, on and to NumPy."""
    with jax.enable_x64(True):
        mu, rates, codes = summary(M)
    return np.asarray(mu), np.asarray(rates), np.asarray(codes)
