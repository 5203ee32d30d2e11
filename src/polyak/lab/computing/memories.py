"""The numbers of the memory: the impulse response as weights on the last gradients, and a signal that it averages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from polyak.rules.protocol import Optimizer
from polyak.theory import Response, response

LENGTH = 100  # steps of the signal
SIGNALS = ("noisy", "alternating", "step")
LEAST, MOST = 12, 60  # weights shown


@dataclass(frozen=True, eq=False)
class Memory:
    """What a rule remembers.

    Attributes:
        response: `polyak.response` of the rule.
        weights: of the gradients 0, 1, 2 ... steps ago, in the moving average; nan where the gain is 0 or inf.
        signal: gradients, shape (LENGTH,).
        average: their moving average with these weights, shape (LENGTH,); nan where the rule is not linear.
    """

    response: Response
    weights: NDArray[np.float64]
    signal: NDArray[np.float64]
    average: NDArray[np.float64]


def memory_of(rule: Optimizer, kind_of_signal: str) -> Memory:
    """The memory of a rule, and what it makes of a signal."""
    impulse, signal = response(rule, LENGTH), signal_of(kind_of_signal)
    averaging = impulse.averaging
    average = np.convolve(signal, averaging)[:LENGTH] if impulse.linear else np.full(LENGTH, np.nan)
    shown = int(np.clip(3 * impulse.memory if np.isfinite(impulse.memory) else MOST, LEAST, MOST))
    return Memory(impulse, averaging[:shown], signal, average)


@lru_cache(maxsize=8)
def signal_of(kind: str) -> NDArray[np.float64]:
    """Gradients of one of three kinds: noise around 1, signs that alternate around 0.3, a step from 0 to 1."""
    k = np.arange(LENGTH)
    if kind == "noisy":
        return 1 + 0.8 * np.random.default_rng(0).standard_normal(LENGTH)
    if kind == "alternating":
        return 0.3 + np.where(k % 2 == 0, 1.0, -1.0)
    return np.where(k < LENGTH // 4, 0.0, 1.0)
