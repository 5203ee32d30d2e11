r"""The largest entry of the gradient, and of the update in learning rates.

    max_i abs(g_i),    max_i abs(x_i - x_i') / lr

Clipping by value holds the first; an adaptive rule's update is about one learning rate, and never far over
(1 - beta1)/sqrt(1 - beta2) of them.

Source: Kingma, D. P. & Ba, J. (2015), "Adam", section 2.1, for the bound.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantity
from polyak.frameworks.live import Arrays


@quantity("largest_gradient", unit="of the gradient", cost="one pass over the gradient")
def largest_gradient(context: Context) -> float:
    """Of what the step was taken by."""
    return _largest(context.gradients) if context.held else math.nan


@quantity("largest_update", unit="learning rates", cost="one pass over the update", of_update=True)
def largest_update(context: Context) -> float:
    """nan without a learning rate."""
    lr = context.settings.get("lr", math.nan)
    return _largest(context.updates) / lr if lr > 0 else math.nan


def _largest(arrays: Arrays | None) -> float:
    if arrays is None:
        return math.nan
    return max((largest_of(each) for each in arrays if each.size), default=math.nan)


def largest_of(array: NDArray[np.floating[Any]]) -> float:
    """The largest size of an entry, without an array of sizes.

    >>> largest_of(np.array([1.0, -3.0]))
    3.0
    """
    return float(max(array.max(), -array.min()))
