r"""How much of the velocity is older than the memory says: what it held a memory ago, as it is in it now.

    n = 1/(1 - gamma),    older = gamma^n v_(t-n) . v_t / |v_t|^2

Of gradients that stay as they are gamma^n is left, about e^-1 = .37. More is of gradients that were larger then, or of
a learning rate that was and is inside the velocity: near 1 the velocity is a thing of the past, and above it what came
since goes against it. Over a sample of the entries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantities.momentum_seen import sampled
from polyak.diagnose.watch.quantity import quantity

MOST = 1000  # steps: of a longer memory the part that is as old as this


def memory(settings: Mapping[str, float]) -> int:
    """Steps, at least one.

    >>> memory({"momentum": 0.9}), memory({}), memory({"momentum": 1.0})
    (10, 1, 1000)
    """
    left = 1 - settings.get("momentum", 0.0)
    return min(max(round(1 / left), 1), MOST) if left > 0 else MOST


def before(context: Context) -> object:
    """A sample of the velocity; None where there is none."""
    velocity = context.velocity
    return None if velocity is None else sampled(velocity)


@quantity(
    "older_share",
    unit="a share of the velocity",
    cost="two products over 1,024 entries",
    before=before,
    ahead=memory,
)
def older_share(context: Context) -> float:
    """nan without a velocity, or with momentum 0."""
    now, kept, momentum = context.velocity, context.kept, context.settings.get("momentum", 0.0)
    if now is None or not isinstance(kept, np.ndarray) or not momentum > 0:
        return math.nan
    v = sampled(now)
    size = float(v @ v)
    return momentum ** memory(context.settings) * float(kept @ v) / size if size > 0 else math.nan
