r"""The largest entry of the gradient, and of the update in learning rates.

    max_i abs(g_i),    max_i abs(x_i - x_i') / lr

Clipping by value holds the first; an adaptive rule's update is about one learning rate, and never far over
(1 - beta1)/sqrt(1 - beta2) of them.

Source: Kingma, D. P. & Ba, J. (2015), "Adam", section 2.1, for the bound.
"""

from __future__ import annotations

import math

import numpy as np

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantity
from polyak.frameworks.live import Arrays


@quantity("largest_gradient", unit="of the gradient", cost="one pass over the gradient")
def largest_gradient(context: Context) -> float:
    """Of what the step was taken by."""
    return _largest(context.gradients) if context.held else math.nan


@quantity("largest_update", unit="learning rates", cost="one pass over the update")
def largest_update(context: Context) -> float:
    """nan without a learning rate."""
    lr = context.settings.get("lr", math.nan)
    return _largest(context.updates) / lr if lr > 0 else math.nan


def _largest(arrays: Arrays | None) -> float:
    if arrays is None:
        return math.nan
    return max((float(np.max(np.abs(each))) for each in arrays if each.size), default=math.nan)
