"""The denominator of the adaptive rules, where sources differ on the place of eps."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.ground.types import Array, Number


def root(s: Array, eps: Number, position: str) -> Array:
    """sqrt(s) + eps, or sqrt(s + eps).

    >>> import numpy as np
    >>> float(root(np.array(9.0), 7.0, "outside")), float(root(np.array(9.0), 7.0, "inside"))
    (10.0, 4.0)
    """
    xp = array_namespace(s)
    denominator: Array = xp.sqrt(s + eps) if position == "inside" else xp.sqrt(s) + eps
    return denominator
