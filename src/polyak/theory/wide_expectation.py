r"""The expected loss of least squares of many parameters, 65 to 10,000: its two parts, and the floor of its noise.

    E[loss] = least + mu^T H mu / 2 + trace(H S) / 2

The mean path mu follows curvature by curvature; the spread S by a small basis of covariances (covariance_basis.py), or,
where the rule changes from step to step, by all rows at each step (whole_rows.py). The floor solves

    C = G(kappa o C) + phi mean_i r_i^2 z_i z_i^T,    floor = least + trace(H (kappa o C)) / 2

by conjugate gradients in the inner product of kappa (see mean_square.py), in which G is symmetric.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.limits import check_memory, check_time
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.rules import Optimizer
from polyak.theory.covariance_basis import MOST, spread
from polyak.theory.least_squares import LeastSquares, least_squares, starts
from polyak.theory.mean_square import Growth, noise_factor, spread_per_noise
from polyak.theory.rows import Rows
from polyak.theory.step_map import StepMap, require_data_alone, step_maps
from polyak.theory.whole_rows import mean_path, spread_step_by_step

MOST_PARAMETERS = 10_000
MOST_STEPS = 10_000
FLOPS = 1e11  # a second, at most
LARGEST = (
    1e70  # of the mean path: the squares of its squares are numbers still; beyond it all is said to be inf
)
ROUNDS = 200  # of conjugate gradients
EXACT = 1e-6  # relative, of the floor's covariance

Array = NDArray[np.float64]


class Parts(NamedTuple):
    """What an Expectation is made of: see there."""

    deterministic: Array
    noise: Array
    least: float
    floor: float
    error: float
    origin: str


def wide_expectation(
    rule: Optimizer,
    on: Problem,
    batch_size: int,
    steps: int,
    seeds: int | Sequence[int],
    start: Pytree = None,
) -> Parts:
    """The parts of the expected loss at steps 0 .. steps.

    Raises PolyakError for a rule that is not linear or decays the parameters, for a problem that is not least squares
    of one number a row, and for what this machine has no memory or no time for.
    """
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    maps = step_maps(rule, steps)
    require_data_alone(rule, maps)
    if maps.start.any():
        raise PolyakError(
            f"{rule} begins with slots that are not 0: past 64 parameters that is not known here"
        )
    found = least_squares(on)
    rows, phi = found.rows, noise_factor(batch_size, on.data.rows, replace=True)
    n, k = rows.Z.shape
    check_memory(f"covariances of {k} curvatures", 4.0 * k * k * (2 * 8 + MOST / 4))
    begun = starts(on, seeds, start)
    path = mean_path(maps, rows.curvatures, begun[0], steps)
    held = np.flatnonzero(~(np.abs(path).max(axis=1) < LARGEST))
    last = int(held[0]) - 1 if len(held) else steps
    deterministic, noise = np.full((2, steps + 1), math.inf)
    deterministic[: last + 1] = path[: last + 1] ** 2 @ rows.curvatures / 2
    step = StepMap(maps.A[steps - 1], maps.B[steps - 1])
    if (maps.A[:steps] == step.A).all() and (maps.B[:steps] == step.B).all():
        told = spread(rows, found.residuals, phi, step, begun, last)
        part, error, how = told.noise, told.error, f"by {told.members} covariances"
    else:
        check_time(f"{steps} steps of {k} curvatures and {n} rows", 4.0 * n * k * k * steps / FLOPS)
        part, error, how = (
            spread_step_by_step(rows, found.residuals, phi, maps, begun, last),
            0.0,
            "step by step",
        )
    noise[: last + 1] = part
    origin = f"least squares, {how}, for batches drawn with replacement"
    return Parts(deterministic, noise, found.least, wide_floor(step, found, phi), error, origin)


def wide_floor(step: StepMap, on: LeastSquares, phi: float) -> float:
    """The expected loss in the long run; inf where it grows without end, nan where its equation was not solved."""
    kappa = spread_per_noise(step, on.rows.curvatures)
    if kappa is None:
        return math.inf
    made = phi * on.rows.weighed(on.residuals**2)
    C = _settled(on.rows, phi, kappa, made)
    if C is None:
        return math.nan if Growth(on.rows, phi)(step) < 1 else math.inf
    return float(on.least + (on.rows.curvatures * np.diag(kappa * C)).sum() / 2)


def _settled(rows: Rows, phi: float, kappa: Array, made: Array) -> Array | None:
    """C - G(kappa o C) = made, by conjugate gradients; None where the map does not shrink, or they do not converge."""
    products = np.outer(rows.curvatures, rows.curvatures)

    def left(C: Array) -> Array:
        X = kappa * C
        return C - phi * (rows.single.mean_of(X) - products * X)

    def inner(X: Array, Y: Array) -> float:
        return float((kappa * X * Y).sum())

    C, residual = made.copy(), made - left(made)
    along, size, whole = residual.copy(), inner(residual, residual), inner(made, made)
    for _ in range(ROUNDS):
        if size <= EXACT**2 * whole:
            return C
        image = left(along)
        bent = inner(along, image)
        if not bent > 0:
            return None
        C = C + size / bent * along
        residual = residual - size / bent * image
        before, size = size, inner(residual, residual)
        along = residual + size / before * along
    return None
