"""The natural scale of a setting: what its slider moves along.

A learning rate is set by its logarithm; a momentum by its memory, 1/(1 - gamma), by the logarithm of that; all else
by itself. A slider has a position, the state has a value: positions are rounded to values that can be read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from polyak.ground.numbers import readable

LONGEST_MEMORY = 1000.0
STEPS = 400  # of a slider, end to end


@dataclass(frozen=True)
class Scale:
    """A slider's ends, and the way between its positions and the setting's values."""

    low: float
    high: float
    kind: str  # "logarithmic", "memory" or "linear"

    @property
    def step(self) -> float:
        """Of the slider."""
        return (self.high - self.low) / STEPS

    def position(self, value: float) -> float:
        """Where the slider stands for a value; at its end for one beyond.

        >>> momentum = Scale(0.0, 3.0, "memory")
        >>> round(momentum.position(0.9), 9), momentum.value(1.0)
        (1.0, 0.9)
        """
        if self.kind == "logarithmic":
            found = math.log10(value) if value > 0 else self.low
        elif self.kind == "memory":
            found = -math.log10(1 - value) if value < 1 else self.high
        else:
            found = value
        return min(max(found, self.low), self.high)

    def value(self, position: float) -> float:
        """The value of a position, to three significant digits (of 1 - gamma, for a momentum)."""
        position = min(max(position, self.low), self.high)
        if self.kind == "logarithmic":
            return float(readable(10**position, 3))
        if self.kind == "memory":
            return round(1 - float(readable(10**-position, 3)), 12)
        return float(readable(position))


def scale(name: str, low: float, high: float, value: float) -> Scale:
    """The scale of a setting in (low, high), by the kind of its range; wide enough for the value.

    >>> scale("momentum", 0.0, 1.0, 0.5).kind, scale("lr", 0.0, math.inf, 0.5).kind
    ('memory', 'logarithmic')
    """
    if math.isinf(high):
        middle = -1.5 if "lr" in name or "rate" in name else math.log10(value) if value > 0 else -3.0
        reach = 2.5 if middle == -1.5 else 4.0
        ends = middle - reach, middle + reach
        if value > 0:
            ends = min(ends[0], math.floor(math.log10(value))), max(ends[1], math.ceil(math.log10(value)))
        return Scale(*ends, "logarithmic")
    if (low, high) == (0.0, 1.0) and name not in ("nu", "dampening"):
        return Scale(0.0, math.log10(LONGEST_MEMORY), "memory")
    return Scale(low, high, "linear")
