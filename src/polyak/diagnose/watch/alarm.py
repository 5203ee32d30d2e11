"""What a watch warns of, before a loss has doubled: in one line, at most once a cause; nothing where nothing is wrong.

An edge that is crossed is no failure by itself: full-batch trainings live on theirs, and in mini-batches the readings
lie about a tenth below the truth. So the share of the edge warns only together with a loss that has begun to rise out
of its own noise.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from polyak.ground.numbers import readable

OVER = 0.85  # of the full batch's edge
RISEN = 1.15  # times what it was, in the mean of the last few steps
FEW, BEFORE = 5, 40  # steps of which the mean is, and steps before that it is held against
DEVIATIONS = 3.0  # of the mean of a few losses, by how much they scattered


class Alarm:
    """What was seen of the loss lately, and what was warned of already."""

    def __init__(self) -> None:
        self._losses: deque[float] = deque(maxlen=FEW + BEFORE)
        self._share = math.nan
        self.warned: set[str] = set()

    def read(self, share: float) -> None:
        """The share of the edge at a reading."""
        if math.isfinite(share):
            self._share = share

    def step(self, step: int, loss: float, *, told: bool, finite: bool, lr: float) -> str:
        """The line to warn by after a step; empty where nothing new is wrong."""
        if not finite and self._first("batch"):
            return f"step {step:,}: the batch holds nan or infinite numbers"
        if told and not math.isfinite(loss) and self._first("loss"):
            return f"step {step:,}: the loss is {readable(loss)}"
        if math.isfinite(loss):
            self._losses.append(loss)
            if self._share > OVER and self._rises() and self._first("edge"):
                return (
                    f"step {step:,}: the loss has begun to rise, and lr {readable(lr, 3)} uses"
                    f" {readable(100 * self._share, 2)} % of the edge: lower it to {readable(lr / self._share / 2, 2)}"
                )
        return ""

    def _first(self, cause: str) -> bool:
        """Whether a cause was not warned of; from now on it was."""
        new = cause not in self.warned
        self.warned.add(cause)
        return new

    def _rises(self) -> bool:
        """Whether the last few losses lie above those before them, by more than these scatter."""
        if len(self._losses) < FEW + BEFORE // 2:
            return False
        losses = np.array(self._losses)
        before, now = losses[:-FEW], float(losses[-FEW:].mean())
        usual, scatter = float(np.median(before)), float(before.std())
        return now > RISEN * usual and now > usual + DEVIATIONS * scatter / math.sqrt(FEW)
