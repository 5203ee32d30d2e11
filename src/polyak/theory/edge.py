"""The edges of stability: on which curvatures a setting is stable, and at which learning rates a rule is.

Neither depends on the learning rate that the rule happens to have. Where it scales the step and nothing else, what is
stable is told by a = lr * curvature alone, found once; else the matrix is affine in the learning rate, by test, or
nothing is said.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.rules import tabulated
from polyak.theory import probe
from polyak.theory.examination import Examination
from polyak.theory.learning_rate import scaled
from polyak.theory.pencil import Intervals, common, stable_set
from polyak.theory.step_map import StepMap, loop_through_x

EXACT = 1e-9  # relative
SMALLEST = 2.0**-20  # the least learning rate at which a rule is looked at, where its range does not reach 1

Maps = tuple[NDArray[np.float64], NDArray[np.float64]]


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
    rule: Any,
    name: str,
    state: Any,
    curvatures: NDArray[np.float64],
    at: int | None,
) -> Intervals | None:
    """The learning rates that are stable on all the positive curvatures, as open intervals in rising order.

    None where the step is not affine in the learning rate: then nothing is said.
    """
    value = rule.settings()[name]
    now = float(value(at or 0)) if callable(value) else float(value)

    def maps(lr: float) -> Maps:
        changed = probe.probed(scaled(rule, name, value, lr / now))
        return examination.matrices(tabulated(changed, (at or 0) + 1, 1 << (at or 0).bit_length()), state)

    found = _unit(maps)
    curvatures = np.unique(curvatures[curvatures > 0])
    if found is None or not len(curvatures):
        return None if found is None else ()
    unit, A, B = found
    kept = loop_through_x(A[None], B[None])
    inside = np.ix_(kept, kept)
    one, two, own = (
        StepMap(A[inside], B[kept]) for A, B in (found[1:], maps(unit / 2), examination.matrices(state=state))
    )
    if _scales(one, two, 0.5) and _scales(one, own, now / unit):
        stable = stable_curvatures(one)
        return common(
            [tuple((low * unit / c, high * unit / c) for low, high in stable) for c in curvatures.tolist()]
        )
    try:
        A0, B0 = maps(0.0)
    except PolyakError:
        return None
    none = StepMap(A0[inside], B0[kept])
    A1, B1 = (one.A - none.A) / unit, (one.B - none.B) / unit
    for other, lr in ((two, unit / 2), (own, now)):
        if not (_same(other.A, none.A + lr * A1) and _same(other.B, none.B + lr * B1)):
            return None
    slope = StepMap(A1, B1)
    return common([stable_set(none.change_on(c), slope.on(c)) for c in curvatures])


def _unit(maps: Any) -> tuple[float, NDArray[np.float64], NDArray[np.float64]] | None:
    """A learning rate of about 1 that is in the rule's range, with its maps."""
    unit = 1.0
    while unit >= SMALLEST:
        try:
            return (unit, *maps(unit))
        except PolyakError:  # out of the setting's range
            unit /= 2
    return None


def _scales(one: StepMap, other: StepMap, factor: float) -> bool:
    """Whether the other map is the same to a gradient times a factor: the same response, and the same without one."""
    poles = _same(np.poly(one.A[1:, 1:]), np.poly(other.A[1:, 1:])) if len(one.B) > 1 else True
    alone = not one.feeds_back and not other.feeds_back
    return alone and poles and _same(_response(other) / factor, _response(one))


def _response(step: StepMap) -> NDArray[np.float64]:
    """What one unit gradient leaves in x after 1, 2 .. 2 s steps."""
    z, found = step.B, []
    for _ in range(2 * len(z)):
        found.append(z[0])
        z = step.A @ z
    return np.array(found)


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return bool(np.abs(a - b).max() <= EXACT * np.abs(b).max())
