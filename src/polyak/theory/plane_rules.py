"""A page's function of the plane as a linear map: it brings its own gradient, so that its step is all there is."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.rules import FromPlane, tabulated

SCALES = (1e-3, 1.0, 1e3)
LINEAR_TO = 1e-9


def plane_maps(rule: FromPlane, at: int = 0) -> NDArray[np.float64]:
    """The matrices of z = (x, what x's loop keeps) of each coordinate that moves alone, or one of both together.

    Shape (2, s, s), or (1, s, s) where the coordinates are coupled; filled with zeros where one keeps less than the
    other. Whatever x is about, a fixed point or not, a constant added at each step does not show here. Raises
    PolyakError for a function that is not linear.
    """
    with jax.enable_x64(True):
        fixed = tabulated(rule, at + 1)
        state = fixed.init(jnp.zeros(2))._replace(count=at)

        def step(z: jax.Array) -> jax.Array:
            given = state._replace(s1=z[2], s2=z[3])
            moved, new = fixed.update(jnp.zeros(2), given, z[:2])
            return jnp.concatenate([z[:2] + moved, jnp.stack([new.s1, new.s2])])

        M, off = _matrix(step)
    if not off <= LINEAR_TO:
        raise PolyakError(f"{rule.name()} is not linear: its step has no matrix")
    groups = _groups(M)
    size = max(map(len, groups))
    return np.array(
        [np.pad(M[np.ix_(group, group)], (0, size - len(group))) for group in groups], dtype=np.float64
    )


def _matrix(step: Callable[[jax.Array], jax.Array]) -> tuple[NDArray[np.float64], float]:
    """What one unit of each number adds to a step, and how far superposition fails, relatively."""
    still = np.asarray(step(jnp.zeros(4)))
    M = np.stack([np.asarray(step(unit)) - still for unit in jnp.eye(4)], axis=1)
    points = np.random.default_rng(0).normal(size=(len(SCALES), 4)) * np.array(SCALES)[:, None]
    off = 0.0
    for z in points:
        expected = M @ z + still
        off = max(
            off, float(np.abs(np.asarray(step(jnp.asarray(z))) - expected).max() / np.abs(expected).max())
        )
    return M, off


def _groups(M: NDArray[np.float64]) -> list[list[int]]:
    """For x1 and for x2: the numbers that move it and that it moves, itself first; one group where they share."""
    reach = (M != 0) | np.eye(4, dtype=bool)
    for _ in range(2):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    loops = [np.flatnonzero(reach[:, k] & reach[k, :]).tolist() for k in range(2)]
    if 1 in loops[0]:
        return [loops[0]]
    return [[k, *(j for j in loop if j != k)] for k, loop in enumerate(loops)]
