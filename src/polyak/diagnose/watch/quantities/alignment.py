r"""The cosine of velocity and gradient: near 1 the velocity goes where the gradient points; below 0 it goes uphill.

    cos = v . g / (|v| |g|)

Before the velocity is turned by the step's own gradient it says more, but it is read after it: of a velocity that holds
n alike gradients it is 1, of one that just began 1 too.
"""

from __future__ import annotations

import math

from polyak.diagnose.watch.context import Context, cosine
from polyak.diagnose.watch.quantity import quantity


@quantity("alignment", unit="a cosine", cost="three passes over as many numbers as there are parameters")
def alignment(context: Context) -> float:
    """Of the velocity (an adaptive rule's mean) and the gradient that the step was taken by."""
    velocity, gradients = context.velocity, context.gradients
    return math.nan if velocity is None or gradients is None else cosine(velocity, gradients)
