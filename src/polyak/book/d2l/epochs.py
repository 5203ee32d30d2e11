"""Epochs of a regression, whose loss over all rows is recorded, drawn and printed, whatever the arrays are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from polyak.book.d2l.measures import Timer
from polyak.book.d2l.plots import Animator
from polyak.ground.errors import PolyakError

RECORDED_ROWS = 200  # the loss over all rows is recorded each time that so many more were seen


class Batches(Protocol):
    """Pairs of features and labels, of a known number."""

    def __iter__(self) -> Iterator[Any]:
        """Batch by batch."""

    def __len__(self) -> int:
        """How many."""


def train_epochs(
    step: Callable[[Any, Any], None],  # of arrays of either framework
    mean_loss: Callable[[], float],
    batches: Batches,
    num_epochs: int,
) -> tuple[list[float], list[float]]:
    """Step through the batches; the seconds up to each recorded loss, and these losses.

    Raises PolyakError where no loss was recorded.
    """
    animator = Animator(xlabel="epoch", ylabel="loss", xlim=[0, num_epochs], ylim=[0.22, 0.35])
    seen, timer = 0, Timer()
    for _ in range(num_epochs):
        for X, y in batches:
            step(X, y)
            seen += X.shape[0]
            if seen % RECORDED_ROWS == 0:
                timer.stop()
                animator.add(seen / X.shape[0] / len(batches), (mean_loss(),))
                timer.start()
    if not animator.Y:
        raise PolyakError(f"no loss was recorded: batches never end at a multiple of {RECORDED_ROWS} rows")
    print("loss: %.3f, %.3f sec/epoch" % (animator.Y[0][-1], timer.sum() / num_epochs))  # noqa: T201, UP031
    return timer.cumsum(), animator.Y[0]
