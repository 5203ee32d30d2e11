r"""The share of entries whose squares are so small that eps alone divides the step: a heavy ball of lr/eps.

    count(sqrt(s_hat_i) < eps) / n,    s_hat = s / (1 - beta2^t)

Source: Kingma, D. P. & Ba, J. (2015), "Adam", algorithm 1, for s_hat.
"""

from __future__ import annotations

import math

import numpy as np

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantity


@quantity("below_eps", unit="a share of the entries", cost="one pass over the squares")
def below_eps(context: Context) -> float:
    """nan for a rule that has no squares, or no eps."""
    squares, settings = context.slots.get("squares"), context.settings
    if squares is None or "eps" not in settings:
        return math.nan
    filled = 1.0
    t = context.slots.get("t")
    if t is not None and "beta2" in settings:
        filled = 1 - settings["beta2"] ** max(float(np.ravel(t[0])[0]), 1.0)
    limit = settings["eps"] ** 2 * filled
    below = sum(int(np.count_nonzero(each < limit)) for each in squares)
    return below / sum(each.size for each in squares)
