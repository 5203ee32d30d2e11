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
    allowed = _allowed(couplings, size)
    low, high = 0.0, math.exp(allowed / len(values))  # all the factors are at least the distance itself
    for _ in range(4):  # a thirty-second of the stretch each time: 1e-6 of the first
        places = np.linspace(low, high, 33)
        over = int(np.searchsorted(_size(values, top + places[1:-1]), allowed, side="right"))  # it rises
        low, high = float(places[over]), float(places[over + 1])
    return top + high


def none_hides(
    values: NDArray[np.float64],
    couplings: NDArray[np.float64],
    size: int,
    wanted: int,
    room: NDArray[np.float64],
) -> bool:
    """Whether, 99 times of 100, any eigenvalue above the lowest wanted one is near one that was found.

    Args:
        values, couplings, size: as above.
        wanted: how many of the largest.
        room: what is near each of them, from the lowest to the largest; shape (wanted,).

    Between two Ritz values the product is concave in its logarithm, so that the ends of each stretch that is not near
    one tell of all of it.
    """
    if not couplings.all():
        return True
    found = values[len(values) - wanted :]
    low, high = found + room, np.append(found[1:] - room[1:], np.inf)
    asked = np.append(low[low <= high], high[:-1][(low <= high)[:-1]])
    return bool((_size(values, asked) >= _allowed(couplings, size)).all())


def _size(values: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """log prod |place - theta| at each of some places."""
    with np.errstate(divide="ignore"):  # too near to tell a value from the place
        found: NDArray[np.float64] = np.log(np.abs(places[:, None] - values)).sum(axis=1)
    return found


def _allowed(couplings: NDArray[np.float64], size: int) -> float:
    """The logarithm of what it is at most where a value hides."""
    return float(np.log(couplings).sum()) + math.log(math.sqrt(size) / Z)
