"""What a rule stands for as a sum over its whole past: nothing here keeps a velocity or a moment."""

from __future__ import annotations

from typing import Any

import numpy as np

Vector = np.ndarray


def lr(step: int) -> float:
    """The learning rates of the three steps by hand."""
    return (0.1, 0.4, 0.2)[step]


def fading(decay: float, past: Vector) -> Vector:
    """The sum of what is past, each entry weighed by decay to the power of its age."""
    ages = np.arange(len(past))[::-1]
    return np.power(decay, ages) @ past


def average(decay: float, past: Vector) -> Vector:
    """The moving average of what is past."""
    return (1 - decay) * fading(decay, past)


def over(numerator: Vector, s: Vector, rule: Any) -> Vector:
    """The numerator over the root of s, with eps where the rule has it."""
    if rule.eps_position == "inside":
        return numerator / np.sqrt(s + rule.eps)
    return numerator / (np.sqrt(s) + rule.eps)
