"""The edge of stability, by root finding on the spectral radius."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.errors import PolyakError
from polyak.rules import tabulated
from polyak.theory import probe
from polyak.theory.examination import Examination
from polyak.theory.learning_rate import scaled
from polyak.theory.spectrum import spectrum
from polyak.theory.step_map import StepMap, loop_through_x

DOUBLINGS = 200  # of the scale, up or down, before the edge is said to be at infinity, or nowhere


def largest_stable_curvature(step: StepMap) -> float:
    """The curvature at which the spectral radius of A + lambda B e_x^T reaches 1; 0 for at once, inf for never.

    >>> import polyak as pk
    >>> from polyak.theory.step_map import step_map
    >>> round(largest_stable_curvature(step_map(pk.HeavyBall(lr=0.5, momentum=0.5))), 9)
    6.0
    """
    return _edge(lambda curvature: float(spectrum(step.on(curvature))[1]), 1.0)


def largest_stable_lr(
    examination: Examination,
    rule: Any,
    name: str | None,
    state: Any,
    curvatures: NDArray[np.float64],
    at: int | None,
) -> float:
    """The learning rate at which the worst radius over the positive curvatures reaches 1; nan where none is shown."""
    if name is None:
        return math.nan
    curvatures = curvatures[curvatures > 0]
    if not len(curvatures):
        return 0.0
    value = rule.settings()[name]
    now = float(value(at or 0)) if callable(value) else float(value)

    def radius(lr: float) -> float:
        try:
            changed = probe.probed(scaled(rule, name, value, lr / now))
        except PolyakError:  # out of the setting's range
            return math.inf
        A, B = examination.matrices(tabulated(changed, (at or 0) + 1, 1 << (at or 0).bit_length()), state)
        kept = loop_through_x(A[None], B[None])
        return float(spectrum(StepMap(A[np.ix_(kept, kept)], B[kept]).on(curvatures))[1].max())

    return _edge(radius, now)


def _edge(radius: Callable[[float], float], begin: float) -> float:
    """Where the radius reaches 1: bracketed by doubling from `begin`, up or down, then Brent's method."""
    from scipy.optimize import brentq

    low = high = begin
    if radius(begin) < 1:
        for _ in range(DOUBLINGS):
            low, high = high, 2 * high
            if radius(high) >= 1:
                break
        else:
            return math.inf
    else:
        for _ in range(DOUBLINGS):
            low, high = low / 2, low
            if radius(low) < 1:
                break
        else:
            return 0.0
    return float(brentq(lambda scale: radius(scale) - 1, low, high, xtol=1e-300, rtol=1e-15))
