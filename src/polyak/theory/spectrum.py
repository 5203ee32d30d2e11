r"""What the eigenvalues of a step's matrix say: the rate, the regime, the period.

    z_{k+1} = M z_k = z_k + D z_k,    rate = max |mu_i|,    mu_i = 1 + delta_i,    period = 2 pi / |arg mu|

Everything is asked of D = M - 1, which is the step itself, and of its eigenvalues delta: a rate of 1 - 1e-17 rounds to
1, its logarithm does not. For two rows they are closed:

    delta = (a + d)/2 +- sqrt(((a - d)/2)^2 + b c),    D = ((a, b), (c, d)),    delta_1 delta_2 = a d - b c
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.ground.compiled import quickly

REGIMES = ("over-damped", "critically damped", "under-damped", "oscillating", "diverging")
"""The regimes by their codes, 0 to 4. An under-damped one ripples."""
OVER_DAMPED, CRITICALLY_DAMPED, UNDER_DAMPED, OSCILLATING, DIVERGING = range(5)

ROUNDING = 8 * float(np.finfo(np.float64).eps)
EQUAL = 1e-6  # relative distance at which two eigenvalues are called equal: 1e-12 under the root
REFINEMENTS = 4  # of small eigenvalues of three rows or more


def shifts(D: jax.Array) -> jax.Array:
    """The eigenvalues delta of D, shape (..., s, s): shape (..., s), complex128, the largest 1 + delta first.

    A discriminant that is 0 up to the rounding of the settings is 0: else critical damping, where two eigenvalues meet,
    would be known to the root of the rounding only.
    """
    size = D.shape[-1]
    if size == 1:
        return (D[..., 0] + 0j).astype(jnp.complex128)
    if size > 2:
        delta = jnp.linalg.eigvals(D)
        return jnp.take_along_axis(delta, jnp.argsort(-jnp.abs(1 + delta), axis=-1), axis=-1)
    low, high, turn = _pair(D, *_settled(D))
    low_first = 1 + (low + high) / 2 < 0
    first = jnp.where(low_first, low, high) + 1j * jnp.where(low_first, -turn, turn)
    second = jnp.where(low_first, high, low) - 1j * jnp.where(low_first, -turn, turn)
    return jnp.stack([first, second], axis=-1)


def log_radius(D: jax.Array, *, at_worst: bool = False) -> jax.Array:
    """The logarithm of the spectral radius of 1 + D, in real numbers where they do: shape (...).

    `at_worst` takes the largest that rounding leaves room for, which is what a search must go by: a setting whose
    eigenvalues only just meet may have them a little apart.
    """
    room = 2 * ROUNDING if at_worst else 0.0
    if D.shape[-1] == 1:
        return _real_log_radius(D[..., 0, 0], D[..., 0, 0], room)
    if D.shape[-1] > 2:
        delta = shifts(D)
        return log_rate(delta) + room * jnp.abs(delta[..., 0])
    scale, discriminant = _halves(D) if at_worst else _settled(D)
    a, b, c, d = _entries(D / scale[..., None, None])
    discriminant += room * (jnp.abs(a - d) * jnp.maximum(jnp.abs(a), jnp.abs(d)) + jnp.abs(b * c))
    low, high, turn = _pair(D, scale, discriminant)
    a, b, c, d = _entries(D)
    ripples = jnp.log1p(jnp.maximum(d + (a * (1 + d) - b * c), -1.0)) / 2  # mu_1 mu_2 = 1 + this
    return jnp.where(turn > 0, ripples + room * jnp.hypot(low, turn), _real_log_radius(low, high, room))


def _real_log_radius(low: jax.Array, high: jax.Array, room: float) -> jax.Array:
    """The larger of log |1 + low| and log |1 + high|, low <= high: to their own digits near 1 and near -1."""
    below = jnp.log1p(jnp.maximum(-2 - low, -1.0)) + room * jnp.abs(low)
    return jnp.maximum(jnp.log1p(jnp.maximum(high, -1.0)) + room * jnp.abs(high), below)


def _entries(D: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    return D[..., 0, 0], D[..., 0, 1], D[..., 1, 0], D[..., 1, 1]


def _halves(D: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A scale over which no entry's square is too large, and the square of half the difference, in units of it."""
    scale = jnp.maximum(jnp.abs(D).max((-2, -1)), 1.0)
    a, b, c, d = _entries(D / scale[..., None, None])
    return scale, ((a - d) / 2) ** 2 + b * c


def _settled(D: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The same, with a discriminant of 0 where the settings' rounding is all of it and the eigenvalues hardly move."""
    scale, discriminant = _halves(D)
    a, b, c, d = _entries(D / scale[..., None, None])
    settings = jnp.maximum(jnp.abs(1 / scale + a), jnp.abs(1 / scale + d))  # of M, whose entries are typed
    grain = ROUNDING * (jnp.abs(a - d) * settings + jnp.abs(b * c))
    nothing = (jnp.abs(discriminant) <= grain) & (jnp.abs(discriminant) <= (EQUAL * (a + d) / 2) ** 2)
    return scale, jnp.where(nothing, 0.0, discriminant)


def _pair(D: jax.Array, scale: jax.Array, discriminant: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The real parts of the two eigenvalues of D, the lower first, and the imaginary part of one: 0 for real ones.

    The smaller of two real ones is the product over the larger: nothing cancels.
    """
    a, b, c, d = _entries(D)
    mean, root = (a + d) / 2, scale * jnp.sqrt(jnp.abs(discriminant))
    real = discriminant >= 0
    far = jnp.where(mean > 0, mean + root, mean - root)
    over = jnp.where(far == 0, 1.0, far)
    near = jnp.where((root == 0) | (far == 0), mean, (a / over) * d - (b / over) * c)
    low = jnp.where(real, jnp.where(mean > 0, near, far), mean)
    high = jnp.where(real, jnp.where(mean > 0, far, near), mean)
    return low, high, jnp.where(real, 0.0, root)


def log_rate(delta: jax.Array) -> jax.Array:
    """The logarithm of the spectral radius, max log |1 + delta|, over the last axis."""
    real = _real_log_radius(delta.real, delta.real, 0.0)
    large = jnp.abs(delta) > 1e100
    safe = jnp.where(large, 0.0, delta)
    turning = jnp.log1p(jnp.maximum(2 * safe.real + jnp.abs(safe) ** 2, -1.0)) / 2
    return jnp.where(delta.imag == 0, real, jnp.where(large, jnp.log(jnp.abs(delta)), turning)).max(-1)


def regime(delta: jax.Array, log_rates: jax.Array) -> jax.Array:
    """The regime's code for shifts of shape (..., s), the largest 1 + delta first, and their logarithmic rates; int8.

    Diverging: the rate is 1 or more, or cannot be told from 1. Else by the largest eigenvalue: negative, oscillating;
    complex, under-damped; positive, over-damped, or critically damped where two such meet, or where the error is gone
    in one step.
    """
    first = delta[..., 0]
    size, real = jnp.abs(1 + first), 1 + first.real
    gap = jnp.abs(first - delta[..., 1]) if delta.shape[-1] > 1 else jnp.full(size.shape, jnp.inf)
    meets = (gap <= EQUAL * jnp.minimum(size, jnp.sqrt(jnp.abs(first)))) & (real > 0)
    gone = size <= 1e-12
    tie = (delta.shape[-1] > 1) & (gap >= 2 * size * (1 - 1e-12)) & (first.imag == 0) & ~gone  # mu and -mu
    code = jnp.where(first.imag != 0, UNDER_DAMPED, OVER_DAMPED)
    code = jnp.where(((first.imag == 0) & (real < 0)) | tie, OSCILLATING, code)
    code = jnp.where(meets | gone, CRITICALLY_DAMPED, code)
    return jnp.where(log_rates >= -_grain(delta), DIVERGING, code).astype(jnp.int8)


def _grain(delta: jax.Array) -> jax.Array:
    """What rounding may add to the logarithm of a rate near 1."""
    return ROUNDING * jnp.minimum(jnp.abs(delta[..., 0]), 4.0)


def period(delta: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Steps from crest to crest of what fades slowest, shape (...): 2 where each changes sign, inf for none."""
    angle = np.abs(np.arctan2(delta[..., 0].imag, 1 + delta[..., 0].real))
    with np.errstate(divide="ignore"):
        return np.asarray(2 * np.pi / angle)


def path(M: NDArray[np.float64], z: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """z_0 .. z_steps for matrices (..., s, s) from z, shape (s,): shape (steps + 1, ..., s)."""
    now = np.broadcast_to(z, M.shape[:-1])
    positions = [now]
    with np.errstate(all="ignore"):  # divergence is data
        for _ in range(steps):
            now = np.einsum("...ij,...j->...i", M, now)
            positions.append(now)
    return np.array(positions)


@quickly
def _summary(D: jax.Array) -> tuple[jax.Array, jax.Array]:
    return shifts(D), log_radius(D)


@quickly
def _told(delta: jax.Array, log_rates: jax.Array) -> tuple[jax.Array, jax.Array]:
    return regime(delta, log_rates), jnp.where(jnp.abs(log_rates) <= _grain(delta), 0.0, log_rates)


def spectrum(
    D: NDArray[np.float64],
) -> tuple[NDArray[np.complex128], NDArray[np.float64], NDArray[np.int8]]:
    """Shifts, logarithms of the rates and regimes of D = M - 1, in float64, on and to NumPy.

    The logarithm is 0 where the rate cannot be told from 1.
    """
    with jax.enable_x64(True):
        found, log_rates = _summary(D)
        delta = np.asarray(found)
        if D.shape[-1] > 2:
            delta = _refined(D, delta)
            log_rates = log_rate(jnp.asarray(delta))
        codes, log_rates = _told(delta, log_rates)
    return delta, np.asarray(log_rates), np.asarray(codes)


def _refined(D: NDArray[np.float64], delta: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Small eigenvalues of D to their own digits, by Newton's method on what x's row and column say of them.

        delta = a + b^T (delta - E)^{-1} c,    D = ((a, b^T), (c, E))

    a and c, which the gradient brings, may be as small as they like; an eigenvalue that is found of the whole matrix is
    known to the rounding of its largest entry only.
    """
    a, b, c, E = D[..., 0, 0, None], D[..., 0, 1:], D[..., 1:, 0], D[..., 1:, 1:]
    now, unit = delta.copy(), np.eye(E.shape[-1])
    b, c = b[..., None, :, None], np.broadcast_to(c[..., None, :, None], (*now.shape, len(unit), 1))
    with np.errstate(all="ignore"):
        for _ in range(REFINEMENTS):
            inner = now[..., None, None] * unit - E[..., None, :, :]
            if not np.isfinite(inner).all():
                return delta
            try:
                once = np.linalg.solve(inner, c + 0j)
                twice = np.linalg.solve(inner, once)
            except np.linalg.LinAlgError:
                return delta
            off = now - a - (b * once).sum((-2, -1))
            now = now - off / (1 + (b * twice).sum((-2, -1)))
    near = np.abs(now - delta) <= 1e-6 * np.sqrt(np.abs(D).max((-2, -1)))[..., None]
    return np.where(near & np.isfinite(now) & (np.abs(delta) < 1e-2), now, delta)
