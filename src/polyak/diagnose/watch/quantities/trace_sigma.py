r"""tr(Sigma): how far one row's gradient scatters about the mean, from the gradients of two batches at one point.

    tr(Sigma) = |g_1 - g_2|^2 / (1/B_1 + 1/B_2)

A batch's gradient is off by it over its rows: |noise|^2 = tr(Sigma)/B. A pair of batches gives it without a bias, and
about as exact as the square of a normal number of as many dimensions as Sigma has large ones: a mean of several
readings says more. Batches that share no row, as two of one epoch, give the variance over the rows there are.

Source: McCandlish et al. (2018), arXiv 1812.06162, appendix A, for two batches' gradients.
"""

from __future__ import annotations

import math

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantity


@quantity("trace_sigma", unit="of the gradient, squared", cost="a gradient, at every fourth reading")
def trace_sigma(context: Context) -> float:
    """nan where the two are of all rows, or one is not known."""
    own, other = context.own_gradients, context.other_gradients
    if own is None or other is None or not (context.rows and context.other_rows):
        return math.nan
    square = sum(float(((a - b) ** 2).sum()) for a, b in zip(own, other, strict=True))
    return square / (1 / context.rows + 1 / context.other_rows)
