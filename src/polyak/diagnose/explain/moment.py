r"""Where a training went wrong: the first step at which the loss rose out of its own noise.

    m_t = median(l_{t-w+1} ... l_t),    floor_t = min_{s < t} m_s,    sigma_t = 1.4826 median(abs(l_s - m_t))

over the w steps before t. The loss has risen at t where it stands `FAR` sigma and a quarter above the floor and the
median of the next few does so too at `STAYS` sigma; or where it alone stands `ALONE` sigma above and twice over it,
which one broken batch makes. sigma is taken of at least a hundredth of the floor: a loss that does not move has noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAR, STAYS, ALONE = 6.0, 4.0, 25.0  # sigma above the floor
AT_LEAST = 1.25  # times the floor, where it is positive
NEXT = 5  # losses that must stay up
FIRST = 8  # losses before which nothing is said
WINDOW = (8, 40)  # losses, of a median


@dataclass(frozen=True)
class Moment:
    """A step to be explained.

    Attributes:
        step: its number.
        kind: "rose", "not finite", "asked" or "none": the loss never rose, and the step is the last.
        floor: the median loss that it rose from; nan where none is known.
        noise: sigma there.
        loss: at the step.
    """

    step: int
    kind: str
    floor: float
    noise: float
    loss: float


def first_rise(steps: NDArray[np.int64], losses: Floats) -> Moment:
    """The first step at which the loss rose out of its noise or was not finite; else the last, of kind "none".

    Args:
        steps: rising numbers of steps, shape (n,).
        losses: the loss at each, shape (n,).

    >>> losses = np.r_[np.linspace(2, 1, 40), np.full(10, 5.0)]
    >>> first_rise(np.arange(50), losses).step
    40
    >>> first_rise(np.arange(40), losses[:40]).kind
    'none'
    """
    window = int(np.clip(len(losses) // 10, *WINDOW))
    medians = np.array(
        [np.median(losses[max(0, k - window) : k]) if k else math.inf for k in range(len(losses))]
    )
    for k, loss in enumerate(losses):
        if not math.isfinite(loss):
            return Moment(
                int(steps[k]), "not finite", _floor(medians, k), _noise(losses, k, window), float(loss)
            )
        if k < FIRST:
            continue
        floor, noise = _floor(medians, k), _noise(losses, k, window)
        if _rose(losses[k : k + NEXT], floor, noise):
            return Moment(int(steps[k]), "rose", floor, noise, float(loss))
    last = len(losses) - 1
    return Moment(
        int(steps[-1]), "none", _floor(medians, last), _noise(losses, last, window), float(losses[-1])
    )


def at_step(step: int, steps: NDArray[np.int64], losses: Floats) -> Moment:
    """The step that was asked for, with what the loss was before."""
    k = int(np.searchsorted(steps, step))
    k = min(k, len(losses) - 1) if len(losses) else -1
    if k < 0:
        return Moment(step, "asked", math.nan, math.nan, math.nan)
    window = int(np.clip(len(losses) // 10, *WINDOW))
    before = losses[max(0, k - window) : k]
    floor = float(np.median(before)) if len(before) else math.nan
    return Moment(step, "asked", floor, _noise(losses, k, window), float(losses[k]))


def _floor(medians: Floats, k: int) -> float:
    known = medians[min(FIRST, k) : k + 1]
    return float(known.min()) if len(known) else math.nan


def _noise(losses: Floats, k: int, window: int) -> float:
    before = losses[max(0, k - window) : k]
    if not len(before):
        return math.nan
    middle = float(np.median(before))
    return max(1.4826 * float(np.median(np.abs(before - middle))), 0.01 * abs(middle))


def _rose(following: Floats, floor: float, noise: float) -> bool:
    first = float(following[0])
    if first > floor + ALONE * noise and first > 2 * floor:
        return True
    later = float(np.median(np.where(np.isfinite(following), following, math.inf)))
    high = floor + max(FAR * noise, (AT_LEAST - 1) * abs(floor))
    return len(following) > 1 and first > high and later > floor + STAYS * noise
