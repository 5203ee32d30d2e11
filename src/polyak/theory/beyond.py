"""What a stability is worth beyond quadratics: the guarantee between the same two curvatures, said beside it."""

from __future__ import annotations

import numpy as np

from polyak.ground.extras import has
from polyak.theory.guarantee import LARGEST_CONDITION, Guarantee, guarantee
from polyak.theory.semidefinite import UnsolvedError
from polyak.theory.stability import Stability


def beyond_quadratics(found: Stability) -> Guarantee | None:
    """The guarantee on all functions with curvature from the smallest to the largest of a stability's.

    None where there is nothing to say: one curvature, a saddle, a function of the plane, a rule that diverges on these
    quadratics already; and where the extra `certify` is not installed or its solver failed.

    >>> import polyak as pk
    >>> held = beyond_quadratics(pk.stability(pk.GradientDescent(lr=0.1), [1.0, 9.0]))
    >>> round(held.rate, 4), held.certified
    (0.9, True)
    """
    m, L = found.curvatures.min(), found.curvatures.max()
    if not (np.isfinite(m) and 0 < m < L <= LARGEST_CONDITION * m and found.stable):
        return None
    if found.places is not None or not has("cvxpy", "clarabel"):
        return None
    try:
        return guarantee(found.rule, smoothness=float(L), strong_convexity=float(m))
    except UnsolvedError:
        return None
