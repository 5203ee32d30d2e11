"""Predictions in words: a rate that is nearly 1, a peak, a set of stable learning rates."""

from __future__ import annotations

import math

from polyak.ground.numbers import readable
from polyak.theory.pencil import Intervals

GROWS = 1.0005  # a peak that is said, in three digits


def rate_in_words(log_rate: float, digits: int = 6) -> str:
    """A rate by its logarithm: it is spelled 1 only where it cannot be told from 1.

    >>> rate_in_words(math.log(0.5)), rate_in_words(-1e-17), rate_in_words(2e-9), rate_in_words(0.0)
    ('0.5', '1 - 1e-17', '1 + 2e-09', '1')
    """
    try:
        over = math.expm1(log_rate)
    except OverflowError:
        over = math.inf
    if over and abs(over) < 0.5 * 10.0**-digits:
        return f"1 {'+' if over > 0 else '-'} {readable(abs(over), 3)}"
    return readable(1 + over, digits)


def grows_first(peak: float) -> str:
    """What is to be said of the peak of what shrinks in the end; nothing where it never grows.

    >>> grows_first(36.79), grows_first(1.0), grows_first(math.inf)
    ('grows up to 36.8 times before it shrinks', '', '')
    """
    return f"grows up to {readable(peak, 3)} times before it shrinks" if GROWS <= peak < math.inf else ""


def stable_in_words(lr: str, intervals: Intervals) -> str:
    """The stable learning rates in words.

    >>> stable_in_words("lr", ((0.0, 0.75),)), stable_in_words("lr", ())
    ('stable up to lr 0.75', 'stable at no lr')
    >>> stable_in_words("lr", ((0.0, 0.3), (0.5, 1.0)))
    'stable from lr 0 to 0.3 and 0.5 to 1'
    """
    if not intervals:
        return f"stable at no {lr}"
    if len(intervals) == 1 and intervals[0][0] == 0:
        return f"stable up to {lr} {readable(intervals[0][1], 6)}"
    ends = " and ".join(f"{readable(low, 6)} to {readable(high, 6)}" for low, high in intervals)
    return f"stable from {lr} {ends}"
