"""Whether the gradient is clipped: two steps' gradients of one length, or one largest entry, that point elsewhere.

A length that two different gradients share to a hundred-thousandth was made. It is read of the optimizer's own
gradients, a step before the reading and at it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.context import Context, norm
from polyak.diagnose.watch.quantities.largest_entries import largest_of
from polyak.diagnose.watch.quantities.momentum_seen import sampled
from polyak.diagnose.watch.quantity import quantity
from polyak.frameworks.live import Arrays

SAME = 1e-5  # relative
ELSEWHERE = 1e-4  # 1 less the cosine, of what points elsewhere


class Made(NamedTuple):
    """Of a step's gradient: its length, its largest entry, and some of its entries."""

    length: float
    largest: float
    some: NDArray[np.float64]


def before(context: Context) -> object:
    """Of the step before a reading; None where the framework holds no gradient."""
    return _made(context.gradients) if context.held else None


@quantity("clipped", unit="0 or 1", cost="two passes over the gradient, at two steps", before=before)
def clipped(context: Context) -> float:
    """nan where two gradients are not known, or point the same way."""
    old, now = context.kept, _made(context.gradients) if context.held else None
    if not isinstance(old, Made) or now is None:
        return math.nan
    size = math.sqrt(float(old.some @ old.some) * float(now.some @ now.some))
    if not size > 0 or not 1 - float(old.some @ now.some) / size > ELSEWHERE:
        return math.nan
    by_length = math.isclose(old.length, now.length, rel_tol=SAME)
    return float(by_length or math.isclose(old.largest, now.largest, rel_tol=SAME))


def _made(gradients: Arrays | None) -> Made | None:
    if gradients is None:
        return None
    largest = max((largest_of(each) for each in gradients if each.size), default=0.0)
    return Made(norm(gradients), largest, sampled(gradients))
