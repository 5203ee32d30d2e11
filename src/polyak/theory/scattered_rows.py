r"""The mean-square edge from two numbers: the largest curvature and the trace, of rows that scatter as normal ones.

Rows of one output whose inputs are normal have mean_i H_i X H_i = tr(H X) H + 2 H X H (Isserlis). With one steep
direction a, and a rest of trace T - a so flat that its spread is a settled one's, X = C/(2 a_j) in units of the step's
gain, the map of covariances of mean_square.py acts on two numbers, that of the steep direction and the rest's sum:

    (c, r)  <-  phi [[2 a^2 kappa,  a/2], [(T - a) a kappa,  (T - a)/2]] (c, r)

for all learning rates times f: (T - a) f/2, and kappa of the step at f. Its spectral radius is 1 at the edge. With
several outputs a row's scatter averages out among them, and the true edge lies higher: as a learning rate to go back to
this one is on the safe side.

Source: Isserlis, L. (1918), Biometrika 12, for the fourth moments; the recursion as in mean_square.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from polyak.theory.mean_square import spread_per_noise
from polyak.theory.step_map import StepMap

EXACT = 1e-4  # relative


def scattered_edge(
    step_at: Callable[[float], StepMap], largest: float, trace: float, phi: float, full_batch: float
) -> float:
    """The factor of today's learning rates beyond which the expected loss grows, of rows that scatter as normal ones.

    Args:
        step_at: the map of one entry on a, with all learning rates times a factor.
        largest: a, in units of today's gains, over 0.
        trace: of the same curvature; what it is below `largest` counts as no rest.
        phi: see mean_square.noise_factor.
        full_batch: the full batch's edge, which this one is never beyond.

    >>> import polyak as pk
    >>> from polyak.theory.step_map import step_map
    >>> def step_at(factor):
    ...     return step_map(pk.GradientDescent(lr=factor))
    >>> round(scattered_edge(step_at, 1.0, 1.0, 1.0, 2.0), 3)  # E[(1 - f h^2)^2] = 1 - 2 f + 3 f^2
    0.667
    """
    low, high = 0.0, full_batch
    while high - low > EXACT * high:
        middle = (low + high) / 2
        grows = noise_growth(step_at(middle), largest, trace, phi, middle) >= 1
        low, high = (low, middle) if grows else (middle, high)
    return low


def noise_growth(step: StepMap, a: float, trace: float, phi: float, factor: float = 1.0) -> float:
    """The factor by which noise breeds noise: past the edge where it is over 1, and about as the learning rate below.

    Args:
        step: the map of one entry, with all learning rates times `factor`.
        a: the largest curvature, in units of today's gains.
        trace: of the same curvature.
        phi: see mean_square.noise_factor.
        factor: 1 for today's learning rates.

    >>> import polyak as pk
    >>> from polyak.theory.step_map import step_map
    >>> step = step_map(pk.GradientDescent(lr=0.667))
    >>> round(noise_growth(step, 1.0, 1.0, 1.0, 0.667), 2)
    1.0
    """
    kappa, rest = spread_per_noise(step, np.array([a])), max(trace - a, 0.0)
    if kappa is None:
        return math.inf
    steep, flat = float(a * kappa[0, 0]), factor / 2
    both = np.array([[2 * a * steep, a * flat], [rest * steep, rest * flat]])
    return phi * float(np.abs(np.linalg.eigvals(both)).max())
