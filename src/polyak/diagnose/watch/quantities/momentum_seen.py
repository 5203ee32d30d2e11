r"""The momentum that the velocity itself shows, held against its own recursion.

    v_t = alpha v_(t-1) + beta g_t + delta x_(t-1),    alpha by least squares over a sample of the entries

alpha is the momentum whatever the convention is: beta is 1, lr or 1 - momentum, delta a decay that goes through the
gradient. An optimizer whose velocity is begun anew at each step has alpha = 0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantity
from polyak.frameworks.live import Arrays

ENTRIES = 1024  # at most, of all layers together
ROUNDING = 1e-10  # of the velocity's square: what is left of it after the others below that tells nothing


def sampled(arrays: Arrays) -> NDArray[np.float64]:
    """Every so manyth entry, at most `ENTRIES` of them and the same each time."""
    stride = max(1, -(-sum(each.size for each in arrays) // ENTRIES))
    return np.concatenate([np.asarray(each).reshape(-1)[::stride] for each in arrays]).astype(np.float64)


def before(context: Context) -> object:
    """A sample of the velocity and the parameters as they are before the next step; None without a velocity."""
    velocity = context.velocity
    return None if velocity is None else (sampled(velocity), sampled(context.parameters))


@quantity("momentum_seen", unit="a momentum", cost="a least-squares fit over 1,024 entries", before=before)
def momentum_seen(context: Context) -> float:
    """nan where there is no velocity, or where the one before cannot be told from the gradient."""
    now, kept = context.velocity, context.kept
    if now is None or not isinstance(kept, tuple) or context.gradients is None or not context.held:
        return math.nan
    old, x = kept
    if not all(np.isfinite(each).all() for each in (old, x, sampled(now), sampled(context.gradients))):
        return math.nan
    others = np.stack([sampled(context.gradients), x], axis=1)
    left = old - others @ np.linalg.lstsq(others, old, rcond=None)[0]
    size = float(left @ left)
    if size <= ROUNDING * float(old @ old) or size == 0:
        return math.nan
    return float(left @ sampled(now)) / size
