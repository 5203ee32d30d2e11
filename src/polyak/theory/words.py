"""Predictions in words: a rate that is nearly 1, a peak, what happens on a curvature, the stable learning rates."""

from __future__ import annotations

import math

from polyak.ground.numbers import readable
from polyak.theory.pencil import Intervals

GROWS = 1.0005  # a peak that is said, in three digits
DOES = {
    "over-damped": "creeps down",
    "critically damped": "comes down as fast as without overshooting",
    "under-damped": "ripples",
    "oscillating": "changes sign",
    "diverging": "diverges",
}
"""What each of `polyak.theory.REGIMES` looks like."""


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


def on_curvature(
    coordinate: int,
    curvature: float,
    log_rate: float,
    regime: str,
    period: float,
    peak: float,
    steps: int,
    end: float,
    kind: str = "curvature",
) -> str:
    """What happens on one curvature, where a distance of 1 is `end` after so many steps.

    >>> on_curvature(0, 2.0, math.log(0.5), "over-damped", math.inf, 1.0, 2, 0.25)
    'On curvature 2 this setting creeps down (over-damped) and shrinks by 0.5 a step; in 2 steps 1 should become 0.25.'
    """
    rate = rate_in_words(log_rate, 4)
    where = f"On coordinate {coordinate + 1}" if math.isnan(curvature) else f"On {kind} {readable(curvature)}"
    if curvature < 0:
        return f"{where}, a saddle, x runs away by a factor of {rate} a step, as downhill it should."
    if log_rate == 0:
        return f"{where} this setting neither shrinks nor grows that one could tell: its rate is 1, the edge."
    does = DOES[regime]
    if regime == "under-damped":
        does += f" with period {readable(period, 3)} steps"
    verb = "grows" if regime == "diverging" else "shrinks"
    first = f", {grows}," if (grows := grows_first(peak)) else ""
    becomes = f"1 should become {readable(end)}" if math.isfinite(end) else "1 outgrows double precision"
    return f"{where} this setting {does} ({regime}){first} and {verb} by {rate} a step; in {steps} steps {becomes}."


def parting(departure: float) -> str:
    """That a trace is so far, as a part of the way that it goes, from the one that its curvatures make.

    >>> parting(0.25)
    '; this trace does not do what its curvatures predict (off by 25 % of the way that it goes)'
    """
    off = f"off by {readable(100 * departure, 3)} %" if math.isfinite(departure) else "off without end"
    return f"; this trace does not do what its curvatures predict ({off} of the way that it goes)"
