"""The share of entries that have a gradient and did not move: their update was lost in the parameters' rounding.

A parameter of 8 significant bits, as bfloat16 has, moves by 1/256 of itself or not at all.
"""

from __future__ import annotations

import math

import numpy as np

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantity


@quantity(
    "rounded_away",
    unit="a share of the entries with a gradient",
    cost="one pass over gradient and update",
    of_update=True,
)
def rounded_away(context: Context) -> float:
    """nan where the update or the gradient that it was taken by is not known, or no entry has one."""
    if context.gradients is None or context.updates is None or not context.held:
        return math.nan
    having = sum(int(np.count_nonzero(g)) for g in context.gradients)
    if not having:
        return math.nan
    pairs = zip(context.gradients, context.updates, strict=True)
    return sum(int(np.count_nonzero((u == 0) & (g != 0))) for g, u in pairs) / having
