"""What Schedule-Free stands for: y between z, the sum of all steps, and the weighted average of all z."""

from __future__ import annotations

from typing import Any

import numpy as np

from sums import Vector


def moved(rule: Any, beta: float, U: Vector, rates: Vector) -> Vector:
    """The last step of y, from all directions U and learning rates so far."""
    z = -np.cumsum(rates[:, None] * U, axis=0)
    weights = np.arange(1, len(U) + 1) ** rule.r * np.maximum.accumulate(rates) ** rule.weight_lr_power

    def place(t: int) -> Vector:
        if t == 0:
            return np.zeros_like(U[0])
        return beta * (weights[:t] @ z[:t]) / weights[:t].sum() + (1 - beta) * z[t - 1]

    return place(len(U)) - place(len(U) - 1)
