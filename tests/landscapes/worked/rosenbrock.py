"""The landscape rosenbrock on paper: values, its gradient in another spelling, how far its minimisers reach."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import rosen, rosen_der

BY_HAND = [
    ((-1.2, 1), 24.2),
    ((0, 0), 1),
    ((2, 3), 101),
]
MINIMISERS = 1
REACH = 100.0  # no point is as low so near to a minimiser: the next stationary point is farther


def closed(x: float, y: float) -> Any:
    return rosen([x, y]), rosen_der(np.array([x, y]))
