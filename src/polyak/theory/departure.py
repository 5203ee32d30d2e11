r"""A descent held against its own curvatures: what is said of a quadratic need not be true of the way that was gone.

Two measures. How much the curvature changes along the way, against that at the point x* that a prediction is of:

    change = max_k |H(x_k) - H(x*)| / |H(x*)|        (spectral norms)

and how far the way is from the one that its curvatures make, step by step, from the first gradient on:

    z_{k+1} = A_k z_k + B_k g_k,    g_{k+1} = g_k + (H(x_k) + H(x_{k+1}))/2 (xhat_{k+1} - xhat_k),    xhat in z

On a quadratic both are rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from polyak.landscapes import Landscape
from polyak.run import Trace
from polyak.theory.curvatures import hessians, point_of
from polyak.theory.state_space import room
from polyak.theory.step_map import step_maps

CHANGES = 1e-6  # k steps' prediction is off by about k times it: for 50 steps four digits stay
ANOTHER_WAY = 0.01  # of the way's own reach, the width of its line in a picture: beyond, it is another way
LARGEST = 1e100  # a position, whose square still has a sum
MOST_STEPS = 10_000  # that are held against their curvatures
LOOKED_AT = 8  # points along each side of a window at which the curvature is asked for


def curvature_change(landscape: Landscape, positions: NDArray[np.floating]) -> float:
    """How much the Hessian changes along positions (k, n), as a part of the one that is predicted from; inf from 0.

    >>> import polyak as pk
    >>> trace = pk.descend(pk.GradientDescent(lr=0.1), "ravine", 5)
    >>> curvature_change(trace.landscape, trace.positions) < 1e-12
    True
    >>> trace = pk.descend(pk.GradientDescent(lr=0.0005), "rosenbrock", 20)
    >>> curvature_change(trace.landscape, trace.positions) > 0.1
    True
    """
    point = point_of(landscape)[0]
    finite = np.isfinite(positions).all(axis=1, keepdims=True)
    # The point stands first, and in for what is not finite: a compilation serves many numbers of steps.
    points = np.tile(point, (room(len(positions) + 1), 1))
    points[1 : len(positions) + 1] = np.where(finite, positions, point)
    there = hessians(landscape, points)
    here = there[0]
    there = there[np.isfinite(there).all(axis=(1, 2))]
    size = float(np.linalg.norm(here, 2))
    most = float(np.linalg.norm(there - here, 2, axis=(1, 2)).max(initial=0.0))
    return most / size if size else math.inf


def is_quadratic(landscape: Landscape) -> bool:
    """Whether the curvature of a function of the plane is the same at points all over its window.

    >>> from polyak import landscapes
    >>> is_quadratic(landscapes.ravine), is_quadratic(landscapes.rosenbrock)
    (True, False)
    """
    sides = [np.linspace(low, high, LOOKED_AT) for low, high in landscape.window]
    points = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    return bool(curvature_change(landscape, points) <= CHANGES)


def departure(trace: Trace) -> float:
    """How far a trace is from the way that its curvatures make, as a part of how far it goes from its start.

    Raises PolyakError for a rule that is not linear.
    """
    with np.errstate(invalid="ignore"):
        finite = (np.abs(trace.positions) < LARGEST).all(axis=1)
    steps = min(int(finite.argmin()) if not finite.all() else len(finite), MOST_STEPS + 1) - 1
    x = np.asarray(trace.positions[: steps + 1], dtype=np.float64)
    reach = float(np.linalg.norm(x - x[0], axis=1).max())
    if steps < 1 or reach == 0:
        return 0.0
    maps, H = step_maps(trace.rule, steps), hessians(trace.landscape, x)
    z = np.concatenate([x[:1], np.broadcast_to(maps.start[:, None], (len(maps.start), x.shape[1]))])
    g, off = np.asarray(trace.landscape.gradient(x[0]), dtype=np.float64), 0.0
    with np.errstate(all="ignore"):  # what grows beyond float64 has departed
        for k in range(steps):
            moved = maps.A[k] @ z + maps.B[k][:, None] * g
            g = g + (H[k] + H[k + 1]) / 2 @ (moved[0] - z[0])
            z = moved
            off = max(off, float(np.linalg.norm(z[0] - x[k + 1]))) if np.isfinite(z[0]).all() else math.inf
    return off / reach
