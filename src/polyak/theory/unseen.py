r"""How far beyond what Lanczos' method has found an eigenvalue may still hide, by the odds of a random start.

After k products from a unit vector v the next basis vector is p(A) v / (b_1 ... b_k), p the polynomial whose zeros are
the Ritz values theta_i. Of an eigenvector u with the eigenvalue lambda, v has the part c, and so

    |c| prod_i |lambda - theta_i| <= b_1 ... b_k

A random v of n entries has |c| < z / sqrt(n) once in a hundred times only, z = .01253. So 99 times of 100 there is no
eigenvalue above the one lambda > max theta_i at which both sides are equal for that |c|. It needs nothing of the
spectrum: a value that the start all but missed is not called absent.

Source: Hochstenbach, M. E. (2013). Probabilistic upper bounds for the matrix two-norm. J. Sci. Comput. 57, section 2,
here for one end of a symmetric matrix.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

ODDS = 0.99
Z = 0.012533469508069276  # |a standard normal number| is below it once in a hundred times


def highest_unseen(values: NDArray[np.float64], couplings: NDArray[np.float64], size: int) -> float:
    """What no eigenvalue is above, 99 times of 100.

    Args:
        values: the Ritz values, rising, after as many products from one random vector; shape (k,).
        couplings: b, by which each product's rest was divided; shape (k,). With a 0 among them all is seen.
        size: of the matrix.

    >>> highest_unseen(np.array([1.0, 2.0]), np.array([0.5, 0.0]), 100)
    2.0
    """
    top = float(values[-1])
    if not couplings.all():
        return top
    allowed = float(np.log(couplings).sum()) + math.log(math.sqrt(size) / Z)

    def beyond(distance: float) -> float:
        with np.errstate(divide="ignore"):  # too near to tell a value from what it is beyond
            return float(np.log(top + distance - values).sum()) - allowed

    low, high = 0.0, math.exp(allowed / len(values))  # all the factors are at least the distance itself
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) > 0 else (middle, high)
    return top + high
