r"""What a search reaches with fewer settings than were tried: the best of b, drawn from those that a sweep tried.

Of n values, v_1 the best, the best of b draws is v_k or better with a probability of 1 - (1 - k/n)^b, so that its
quantile q is the first v_k at which that is q or more. Source: Dodge, J. et al. (2019). Show your work: improved
reporting of experimental results, section 3, there for the mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TAILS = (0.5, 0.025, 0.975)  # the median, and between which 95 of 100 searches end
STEP = 4  # each so many times the settings of the one before


class Reached(NamedTuple):
    """What searches of so many settings end at: their median, and what 95 of 100 are between, the better end first."""

    settings: int
    median: float
    low: float
    high: float


def reached(tried: NDArray[np.floating], settings: int) -> Reached:
    """Of the values of a sweep, the best first.

    >>> reached(np.arange(1.0, 101.0), 1)
    Reached(settings=1, median=50.0, low=3.0, high=98.0)
    >>> reached(np.arange(1.0, 101.0), 16)
    Reached(settings=16, median=5.0, low=1.0, high=21.0)
    """
    share = 1 - (1 - np.arange(1, len(tried) + 1) / len(tried)) ** settings
    places = [int(np.argmax(share >= tail - 1e-12)) for tail in TAILS]
    return Reached(settings, *(float(tried[k]) for k in places))


def budgets(most: int) -> list[int]:
    """1, 4, 16 ... and all.

    >>> budgets(64), budgets(20)
    ([1, 4, 16, 64], [1, 4, 16, 20])
    """
    found = []
    count = 1
    while count < most:
        found.append(count)
        count *= STEP
    return [*found, most]
