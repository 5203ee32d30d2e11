r"""The sums of an impulse response: its gain, its memory, its half-life, what the last steps hold.

    gain = sum w_k,    memory = 1/(1 - gamma),    half-life = log(1/2)/log gamma

What is beyond the weights shown is summed from the slots' own matrix D, with z what the impulse leaves in them:

    sum_{j >= k} w_j = -A_x D^k (1 - D)^-1 z
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.theory.examination import Examination
from polyak.theory.step_map import StepMap, loop_through_x, reduced

TOLD = 1e-9  # a fading this near 1 is known to 1e-7 of the distance, where slots that move each other are solved for
SHOWN = 1e-3  # of the first weight: where a response of no given length ends


class Sums(NamedTuple):
    """What `Response` says of the same names."""

    gain: float
    memory: float
    half_life: float
    held: float


def fade_of(examination: Examination) -> float:
    """The largest of the slots' own eigenvalues, over the loop through x. Refuses 1 and more."""
    own = reduced(*examination.matrices()).A[1:, 1:]
    alone = _stand_alone(own)
    fade = float(np.abs(np.diag(own) if alone else np.linalg.eigvals(own)).max(initial=0.0))
    if not alone and 1 - TOLD < fade < 1:
        raise PolyakError(
            f"{examination.name}: its slots fade by {readable(fade, 17)} a step, too near 1 to tell their "
            "memory from rounding"
        )
    if fade >= 1:
        raise PolyakError(
            f"{examination.name}: its response never fades, for a slot keeps {readable(fade, 6)} of itself each step "
            "(momentum of 1 or more), expected less than 1"
        )
    return fade


def _stand_alone(own: NDArray[np.float64]) -> bool:
    """Whether each slot fades by itself: its factor then stands in the matrix, with no rounding."""
    return not (own - np.diag(np.diag(own))).any()


def whole(memory: float, shown: int) -> int:
    """The memory in whole steps, at least 1; as many as are shown where it is inf."""
    return max(round(memory), 1) if math.isfinite(memory) else shown


def _part(weight: float, gain: float) -> float:
    return weight / gain if gain != 0 and math.isfinite(gain) else math.nan


def linear_sums(
    examination: Examination,
    at: int,
    weights: NDArray[np.float64],
    left: NDArray[np.float64],
    fade: float,
) -> Sums:
    """Those of a linear rule, past the weights shown too, after which the impulse left `left` in z."""
    length = len(weights)
    gain = float(weights.sum()) + _tail(examination, at + length, left)
    memory = 1 / (1 - fade)
    half_life = math.log(0.5) / math.log(fade) if fade > 0 else 0.0
    return Sums(gain, memory, half_life, _held(examination, at, weights, left, whole(memory, length), gain))


def measured_sums(weights: NDArray[np.float64]) -> Sums:
    """Those of weights that follow no law: the memory is the sum of |weights| over the largest."""
    memory, half_life = _measured(weights)
    gain = math.inf if math.isinf(memory) else float(weights.sum())
    held = _part(float(weights[: whole(memory, len(weights))].sum()), gain)
    return Sums(gain, memory, half_life, held)


def _held(
    examination: Examination,
    at: int,
    weights: NDArray[np.float64],
    left: NDArray[np.float64],
    memory: int,
    gain: float,
) -> float:
    """The part of all weights that `memory` steps hold, past those shown too."""
    more = memory - len(weights)
    if more <= 0:
        return _part(float(weights[:memory].sum()), gain)
    last, z = _left_over(examination, at + len(weights), left)
    if last.feeds_back or examination.rule.schedules():
        return math.nan
    D, come = last.A[1:, 1:], np.zeros(len(z) - 1)
    if _stand_alone(D):
        with np.errstate(under="ignore"):
            come = np.diag(D) ** more * z[1:]
    else:
        come = np.linalg.matrix_power(D, more) @ z[1:]
    return 1 - _part(_still_to_come(last, come), gain)


def _tail(examination: Examination, step: int, left: NDArray[np.float64]) -> float:
    """What is still to come off x after the last step shown, where the impulse left `left` in z."""
    last, z = _left_over(examination, step, left)
    if last.feeds_back:  # x itself fades: in the end all comes back
        return float(z[0]) if np.abs(np.linalg.eigvals(last.A)).max() < 1 else math.nan
    return _still_to_come(last, z[1:])


def _still_to_come(last: StepMap, slots: NDArray[np.float64]) -> float:
    return -float(last.A[0, 1:] @ np.linalg.solve(np.eye(len(slots)) - last.A[1:, 1:], slots))


def _left_over(
    examination: Examination, step: int, left: NDArray[np.float64]
) -> tuple[StepMap, NDArray[np.float64]]:
    """The map at a step, and what an impulse left in what lies on its loop through x."""
    now = examination.matrices()
    then = examination.matrices(state=examination.waited(examination.begun, step))
    kept = loop_through_x(np.array([now[0], then[0]]), np.array([now[1], then[1]]))
    return reduced(*then, kept), left[kept]


def _measured(weights: NDArray[np.float64]) -> tuple[float, float]:
    """Memory and half-life of weights that follow no law."""
    sizes = np.abs(weights)
    if not np.isfinite(sizes).all() or not sizes.max() > 0:
        return math.nan, math.nan
    below = np.flatnonzero((sizes <= sizes.max() / 2) & (np.arange(len(sizes)) > sizes.argmax()))
    endless = sizes[-1] > SHOWN * sizes.max() and not len(below)
    memory = math.inf if endless else float(sizes.sum() / sizes.max())
    return memory, float(below[0] - sizes.argmax()) if len(below) else math.inf
