"""The denominator of the adaptive rules, where sources differ on the place of eps."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace


def root(s: Any, eps: Any, position: str) -> Any:
    """sqrt(s) + eps, or sqrt(s + eps).

    >>> import numpy as np
    >>> float(root(np.array(9.0), 7.0, "outside")), float(root(np.array(9.0), 7.0, "inside"))
    (10.0, 4.0)
    """
    xp = array_namespace(s)
    return xp.sqrt(s + eps) if position == "inside" else xp.sqrt(s) + eps
