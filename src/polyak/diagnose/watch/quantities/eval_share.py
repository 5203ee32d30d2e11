"""The share of a model's modules that are in eval mode while it trains: batch norm there follows no batch."""

from __future__ import annotations

import math

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantity


@quantity("eval_share", unit="a share of the modules", cost="a look at each module")
def eval_share(context: Context) -> float:
    """nan for a model without modes."""
    modes = context.live.modes()
    return sum(not trains for trains in modes.values()) / len(modes) if modes else math.nan
