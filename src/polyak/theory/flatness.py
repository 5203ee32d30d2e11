r"""Which eigenvalues of a Hessian are curvatures, and which are the rounding of a flat direction.

A symmetric matrix of n rows that is computed in float64 has its eigenvalues to within

    r = n eps L,    eps = 2^-52,    L = max |lambda|

(Weyl's theorem: none moves further than the matrix does). An eigenvalue within r of 0 cannot be told from 0: nothing
that is computed in float64 is pulled there. Beyond 100 r it is known to a hundredth of itself, and is a curvature.
Between the two it is neither, and whoever needs to know is refused.

Source: Golub, G. H. & Van Loan, C. F. (2013). Matrix computations, 8.1 and 5.5.8 for the same r as a rank's threshold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable

EPS = float(np.finfo(np.float64).eps)
TO = 100.0  # times r: from here on a curvature is known to a hundredth of itself


def rounding(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """r for eigenvalues (..., k) of matrices of `size` rows: shape (..., 1).

    >>> bool(rounding(np.array([1.0, 3.0]), 2)[0] == 6 * EPS)
    True
    """
    return np.asarray(size * EPS * np.abs(values).max(axis=-1, keepdims=True))


def pulling(values: NDArray[np.float64], size: int, what: str) -> NDArray[np.bool_]:
    """Which eigenvalues, shape (k,), are curvatures: the others are flat to rounding.

    Args:
        values: finite eigenvalues of one matrix, its largest in size among them.
        size: its rows.
        what: whose they are, for the error.

    Raises PolyakError where all are 0, and where one is neither a curvature nor rounding. Beside a curvature that is
    negative for certain such a one is left out as flat: x runs away there, and what creeps does not matter.

    >>> pulling(np.array([1e-17, 0.5, 2.0]), 3, "a matrix")
    array([False,  True,  True])
    >>> pulling(np.array([1e-15, 2.0]), 2, "a matrix")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: the Hessian of a matrix has a curvature of 1e-15, too near the rounding of 8.9e-16 to be
    told from a flat direction
    """
    size_of = np.abs(values)
    r = float(rounding(values, size)[0])
    if r == 0:
        raise PolyakError(f"the Hessian of {what} is 0: flat, nothing pulls there")
    certain = size_of > TO * r
    unsure = values[(size_of > r) & ~certain]
    if len(unsure) and not (values[certain] < 0).any():
        raise PolyakError(
            f"the Hessian of {what} has a curvature of {readable(unsure[0], 2)}, too near the rounding of "
            f"{readable(r, 2)} to be told "
            "from a flat direction"
        )
    return np.asarray(certain)
