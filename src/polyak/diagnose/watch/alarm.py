"""What a watch warns of, before a loss has doubled: in one line, at most once a cause; nothing where nothing is wrong.

An edge that is crossed is no failure by itself: full-batch trainings live on theirs, and in mini-batches the readings
lie about a tenth below the truth. So the share of the edge warns only together with a loss that has begun to rise out
of its own noise. In mini-batches a learning rate may be too high far below the full batch's edge: one that was raised
lately is named where the loss rises after it. What is advised is where the noise of the batches dies out too, or, with
all rows at once, half of the edge: never half of an edge that the batches do not bear.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np

from polyak.ground.numbers import readable

OVER = 0.85  # of the full batch's edge
RISEN = 1.2  # times what it was, in the mean of the last few steps
FEW, BEFORE = 5, 40  # steps of which the mean is, and steps before that it is held against
DEVIATIONS = 4.0  # of the mean of a few losses, by how much they scattered
RAISED, WITHIN = 1.3, 100  # times, and steps: a learning rate that was raised lately


class Alarm:
    """What was seen of the loss and the learning rate lately, and what was warned of already."""

    def __init__(self) -> None:
        self._losses: deque[float] = deque(maxlen=FEW + BEFORE)
        self._lrs: deque[float] = deque(maxlen=WITHIN)
        self._share = self._read_at = math.nan
        self.warned: set[str] = set()

    def read(self, share: float, lr: float) -> None:
        """The share of the edge at a reading, and the learning rate there: all learning rates scale the share."""
        if math.isfinite(share):
            self._share, self._read_at = share, lr

    def share_of(self, lr: float) -> float:
        """Of the full batch's edge, of a learning rate: as it was last read; nan where it never was.

        Of one that does not show, as an Optax optimizer's, it is taken not to have changed.
        """
        return self._share * lr / self._read_at if self._read_at > 0 and lr > 0 else self._share

    def step(
        self,
        loss: float,
        *,
        told: bool,
        finite: bool,
        lr: float,
        safe: Callable[[], tuple[float, str]] = lambda: (math.nan, ""),
    ) -> str:
        """The line to warn by after a step; empty where nothing new is wrong.

        Args:
            loss: nan where it was not told.
            told: whether the one before was told.
            finite: whether the batch's numbers are.
            lr: the step's.
            safe: a learning rate to go back to and what it is, asked for where it is told; nan where none is known.
        """
        self._lrs.append(lr)
        if not finite and self._first("batch"):
            return "the batch holds nan or infinite numbers"
        if told and not math.isfinite(loss) and self._first("loss"):
            return f"the loss is {readable(loss)}"
        if not math.isfinite(loss):
            return ""
        self._losses.append(loss)
        return self._of_rise(lr, safe)

    def _of_rise(self, lr: float, safe: Callable[[], tuple[float, str]]) -> str:
        """The line about a loss that rises past the edge, or after a raised learning rate."""
        share = self.share_of(lr)
        past, before = share > OVER, self._lrs[0]
        if not (past or lr > RAISED * before) or not self._rises() or not self._first("edge"):
            return ""
        said = "the loss has begun to rise"
        if past:
            what = "the learning rate" if math.isnan(lr) else f"lr {readable(lr, 3)}"
            said += f", and {what} uses {readable(100 * share, 3)} % of the full batch's edge"
        else:
            ago = len(self._lrs) - 1
            said += f", and the lr was raised from {readable(before, 3)} to {readable(lr, 3)} in {ago} steps"
        target, what = safe()
        if not 0 < target < lr:
            return f"{said}: lower it"
        return f"{said}: lower it to {readable(target, 2)} ({what})"

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
