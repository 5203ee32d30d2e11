"""One batch was unlike the others: of another size, or its numbers of another scale, or its labels not its own.

The size and the mean size of the numbers are recorded at every step; they are held against the median of those before
and after, and against how much these differ among themselves.
"""

from __future__ import annotations

import math

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Floats, Seen
from polyak.ground.numbers import readable

NEAR = 8  # steps before the moment in which such a batch shows
AROUND = 50  # steps on either side that say what is usual
FAR = 12.0  # of the spread
TIMES = 1.5  # times the usual scale, or under it
SIZES = 4.0  # times fewer rows, or more


@cause(
    "broken batch",
    looks_at="each batch's size and the mean size of its numbers",
    seen_in=("batch_scale", "batch_size"),
)
def broken(seen: Seen) -> Verdict:
    """Where the size or the scale of a batch stands out, just before the loss rose."""
    if not seen.failed:
        return NotFound("the loss did not rise")
    steps = seen.steps("step")
    near = np.flatnonzero((steps >= seen.step - NEAR) & (steps <= seen.step))
    scales, sizes = seen.steps("batch_scale"), seen.steps("batch_size")
    if not len(near) or (not np.isfinite(scales).any() and not np.isfinite(sizes).any()):
        return not_recorded("the batches' sizes")
    for k in near[::-1]:
        found = _scale(seen, scales, int(k)) or _size(seen, sizes, int(k))
        if found is not None:
            return found
    return NotFound(f"size and scale of the {NEAR} batches before are as usual")


def _usual(values: Floats, k: int) -> tuple[float, float]:
    """The median of the batches around one, and their spread about it."""
    around = np.r_[values[max(0, k - AROUND) : k], values[k + 1 : k + 1 + AROUND]]
    around = around[np.isfinite(around)]
    if len(around) < NEAR:
        return math.nan, math.nan
    middle = float(np.median(around))
    return middle, 1.4826 * float(np.median(np.abs(around - middle)))


def _scale(seen: Seen, values: Floats, k: int) -> Finding | None:
    middle, spread = _usual(values, k)
    if math.isnan(middle) or not np.isfinite(values[k]) or middle <= 0:
        return None
    ratio = float(values[k]) / middle
    far = abs(values[k] - middle) > FAR * max(spread, 0.01 * middle)
    if not far or 1 / TIMES < ratio < TIMES:
        return None
    step = int(seen.steps("step")[k])
    lasting = _lasting(values, k, middle)
    which = "From step {} on the batches'" if lasting else "At step {} the batch's"
    return Finding(
        "broken batch",
        0.9,
        f"{which.format(step)} numbers were {readable(ratio, 3)} times as large as usual, and the loss rose at step "
        f"{seen.step}.",
        (
            Evidence(
                step, "mean size of the batch's numbers", float(values[k]), f"{readable(middle)} usually"
            ),
        ),
        f"divide these inputs by {readable(ratio, 3)}, or leave the batch out; look for rows that were not scaled.",
        "a gradient grows at least with its inputs, and one such step moves the parameters away from what "
        "they learned.",
    )


def _lasting(values: Floats, k: int, middle: float) -> bool:
    """Whether the batches after it are like it."""
    after = values[k + 1 : k + 6]
    after = after[np.isfinite(after)]
    ratio = np.median(after) / middle if len(after) else 1.0
    return bool(ratio > TIMES or ratio < 1 / TIMES)


def _size(seen: Seen, sizes: Floats, k: int) -> Finding | None:
    """A batch of a few rows; the last of each epoch is no surprise, unless the loss rose at none but this."""
    middle, _ = _usual(sizes, k)
    if math.isnan(middle) or not np.isfinite(sizes[k]) or 1 / SIZES < sizes[k] / middle < SIZES:
        return None
    if np.count_nonzero(sizes[:k] == sizes[k]) > 1:
        return None
    step = int(seen.steps("step")[k])
    return Finding(
        "broken batch",
        0.8,
        f"At step {step} the batch had {readable(sizes[k], 6)} rows in place of {readable(middle, 6)}, and "
        "the loss rose at "
        f"step {seen.step}.",
        (Evidence(step, "rows of the batch", float(sizes[k]), f"{readable(middle, 6)} usually"),),
        f"drop such a batch (drop_last=True), or weigh it by its rows, {readable(sizes[k] / middle, 2)} of a step.",
        "the noise of a batch's mean goes with 1/rows, and batch norm's own statistics with it.",
    )
