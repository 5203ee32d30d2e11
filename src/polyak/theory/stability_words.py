"""A stability in words: a sentence for each curvature, and one where a trace parts from what is predicted."""

from __future__ import annotations

import math

from polyak.ground.numbers import readable
from polyak.theory.spectrum import REGIMES
from polyak.theory.words import grows_first, rate_in_words

DOES = dict(
    zip(
        REGIMES,
        (
            "creeps down",
            "comes down as fast as without overshooting",
            "ripples",
            "changes sign",
            "diverges",
        ),
        strict=True,
    )
)


def on_curvature(
    coordinate: int,
    curvature: float,
    log_rate: float,
    regime: str,
    period: float,
    peak: float,
    steps: int,
    end: float,
) -> str:
    """What happens on one curvature, where a distance of 1 is `end` after so many steps.

    >>> on_curvature(0, 2.0, math.log(0.5), "over-damped", math.inf, 1.0, 2, 0.25)
    'On curvature 2 this setting creeps down (over-damped) and shrinks by 0.5 a step; in 2 steps 1 should become 0.25.'
    """
    rate = rate_in_words(log_rate, 4)
    where = (
        f"On coordinate {coordinate + 1}" if math.isnan(curvature) else f"On curvature {readable(curvature)}"
    )
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
