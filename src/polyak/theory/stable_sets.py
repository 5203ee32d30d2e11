"""The stable sets: on which curvatures a setting is stable, and at which learning rates a rule is.

Neither depends on the learning rate that the rule happens to have. Where it scales the step and nothing else, what is
stable is told by a = lr * curvature alone, found once; else the matrix is affine in the learning rate, by test, or
nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import Optimizer
from polyak.theory.examination import Examination, Matrices
from polyak.theory.learning_rate import scaled
from polyak.theory.pencil import Intervals, common, stable_set
from polyak.theory.state_space import runnable
from polyak.theory.step_map import StepMap, loop_through_x, reduced

EXACT = 1e-9  # relative
SMALLEST = 2.0**-20  # the least learning rate at which a rule is looked at, where its range does not reach 1


def stable_curvatures(step: StepMap) -> Intervals:
    """The positive curvatures lambda on which A + lambda B e_x^T is stable, as open intervals in rising order.

    >>> import polyak as pk
    >>> from polyak.theory.step_map import step_map
    >>> [(low, round(high, 9)) for low, high in stable_curvatures(step_map(pk.HeavyBall(lr=0.5, momentum=0.5)))]
    [(0.0, 6.0)]
    """
    size = len(step.B)
    return stable_set(step.A - np.eye(size), step.B[:, None] * np.eye(size)[0])


def stable_lrs(
    examination: Examination,
    rule: Optimizer,
    name: str,
    state: Pytree,
    curvatures: NDArray[np.float64],
    at: int = 0,
) -> Intervals | None:
    """The learning rates that are stable on all the positive curvatures, as open intervals in rising order.

    None where the step is not affine in the learning rate: then nothing is said.
    """
    value = rule.settings()[name]
    now = float(value(at)) if callable(value) else float(value)

    def matrices(lr: float) -> Matrices:
        return examination.matrices(runnable(scaled(rule, name, value, lr / now), at + 1), state)

    unit = _unit(matrices)
    if unit is None:
        return None
    curvatures = np.unique(curvatures[curvatures > 0])
    if not len(curvatures):
        return ()
    A, B = matrices(unit)
    kept = loop_through_x(A[None], B[None])

    def map_at(lr: float) -> StepMap:
        return reduced(*matrices(lr), kept)

    one, two, own = reduced(A, B, kept), map_at(unit / 2), reduced(*examination.matrices(state=state), kept)
    if _scales(one, two, 0.5) and _scales(one, own, now / unit):
        stable = stable_curvatures(one)
        return common([_divided(stable, unit, c) for c in curvatures.tolist()])
    line = _line(map_at, one, unit)
    if line is None or not all(_is_affine(*line, *known) for known in ((two, unit / 2), (own, now))):
        return None
    none, slope = line
    return common([stable_set(none.change_on(c), slope.on(c)) for c in curvatures])


def _divided(stable: Intervals, unit: float, curvature: float) -> Intervals:
    """The learning rates on a curvature, of the curvatures that are stable at a learning rate of `unit`."""
    return tuple((low * unit / curvature, high * unit / curvature) for low, high in stable)


def _unit(matrices: Callable[[float], Matrices]) -> float | None:
    """A learning rate of about 1 that is in the rule's range."""
    unit = 1.0
    while unit >= SMALLEST:
        try:
            matrices(unit)
        except PolyakError:  # out of the setting's range
            unit /= 2
        else:
            return unit
    return None


def _line(map_at: Callable[[float], StepMap], one: StepMap, unit: float) -> tuple[StepMap, StepMap] | None:
    """The map at a learning rate of 0 and its slope from there; None where 0 is out of the setting's range."""
    try:
        none = map_at(0.0)
    except PolyakError:
        return None
    return none, StepMap((one.A - none.A) / unit, (one.B - none.B) / unit)


def _is_affine(none: StepMap, slope: StepMap, other: StepMap, lr: float) -> bool:
    """Whether the map at a learning rate is that at 0 and so many times the slope."""
    return _same(other.A, none.A + lr * slope.A) and _same(other.B, none.B + lr * slope.B)


def _scales(one: StepMap, other: StepMap, factor: float) -> bool:
    """Whether the other map is the same to a gradient times a factor: the same response, and the same without one."""
    poles = _same(np.poly(one.A[1:, 1:]), np.poly(other.A[1:, 1:])) if len(one.B) > 1 else True
    alone = not one.feeds_back and not other.feeds_back
    return alone and poles and _same(_response(other) / factor, _response(one))


def _response(step: StepMap) -> NDArray[np.float64]:
    """What one unit gradient leaves in x after 1, 2 .. 2 s steps."""
    z, left = step.B, []
    for _ in range(2 * len(z)):
        left.append(z[0])
        z = step.A @ z
    return np.array(left)


def _same(a: NDArray[np.floating], b: NDArray[np.floating]) -> bool:
    return bool(np.abs(a - b).max() <= EXACT * np.abs(b).max())
