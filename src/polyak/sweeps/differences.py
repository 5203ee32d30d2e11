r"""How much better one rule is than another, seed by seed, with an interval that holds for whatever the runs are like.

The runs of one judging seed begin at the same parameters and see the same batches: what one rule ends at less than the
other is one number a seed. Of n such numbers, sorted, the interval from the k-th to the k-th from above holds their
median with a probability of

    1 - 2 P(B < k),    B binomial(n, 1/2)

exactly, for any distribution (W. J. Conover, 1999, Practical nonparametric statistics, section 3.2). Where it is above
0, the one is better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from polyak.ground.numbers import readable
from polyak.ground.shown import Shown

CONFIDENCE = 0.95  # at the least


@dataclass(frozen=True)
class Difference(Shown):
    """How much better the first of two rules is.

    Attributes:
        better: the rule of the better median.
        other: the other.
        median: of how much better a run is than the other rule's of that seed; inf where the other's diverged.
        interval: of that median; None with fewer than six seeds, which tell no interval of 95 %.
        confidence: the probability that such an interval holds it, at least 0.95.
        seeds: how many there are.
    """

    better: str
    other: str
    median: float
    interval: tuple[float, float] | None
    confidence: float
    seeds: int

    @property
    def told(self) -> bool:
        """Whether the two are told apart: the interval is above 0."""
        return self.interval is not None and self.interval[0] > 0

    def __str__(self) -> str:
        if self.interval is None:
            few = f"{self.seeds} seeds tell no interval, 6 are needed"
            return f"{self.better} and {self.other} are not told apart: {few}"
        low, high = (readable(end, 3) for end in self.interval)
        between = f"{self.confidence:.1%}: {low} to {high}"
        if not self.told:
            return f"{self.better} and {self.other} are not told apart (a run differs by {between})"
        return f"{self.better} is better than {self.other}, by {readable(self.median, 3)} a run ({between})"


def difference(better: str, ends: ArrayLike, other: str, others: ArrayLike) -> Difference:
    """Of two rules whose runs ended at these losses, less being better, a seed each in the same order.

    >>> print(difference("a", [1, 1, 1, 1, 1, 1], "b", [2, 3, 2, 3, 2, 3]))
    a is better than b, by 1.5 a run (96.9%: 1 to 2)
    """
    with np.errstate(invalid="ignore"):
        by = np.sort(np.nan_to_num(_finite(others) - _finite(ends), nan=0.0, posinf=np.inf, neginf=-np.inf))
    middle = float(np.median(by)) if np.isfinite(by).all() else float(by[len(by) // 2])
    rank, confidence = _rank(len(by))
    interval = (float(by[rank - 1]), float(by[len(by) - rank])) if rank else None
    return Difference(better, other, middle, interval, confidence, len(by))


def _finite(ends: ArrayLike) -> np.ndarray:
    numbers = np.asarray(ends, np.float64)
    return np.where(np.isfinite(numbers), numbers, np.inf)


def _rank(count: int) -> tuple[int, float]:
    """The largest k whose interval holds the median with that confidence at least, 0 where none does; and with what."""
    from scipy.stats import binom

    for k in range(count // 2, 0, -1):
        confidence = 1 - 2 * float(binom.cdf(k - 1, count, 0.5))
        if confidence >= CONFIDENCE:
            return k, confidence
    return 0, 0.0
