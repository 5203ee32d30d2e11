r"""The momentum is too high for the batch: what one batch adds lives on for 1/(1 - gamma) steps, and so does its noise.

Far below the full batch's edge, the expected square of the noise grows from lr L = 2 (1 - gamma) on where batches are
tiny, and from 2 (1 + gamma) on where a batch is all rows. It is named where a momentum that was raised in reach, or
momentum itself at 0.95 and more, stands far below the full batch's edge while the loss grows.

Source: arXiv 2604.14108, for the two ends of one line.
"""

from __future__ import annotations

import numpy as np

from polyak.diagnose.explain.finding import (
    Evidence,
    Finding,
    Verdict,
    cause,
    first_missing,
    not_recorded,
)
from polyak.diagnose.explain.seen import Seen
from polyak.ground.numbers import readable

BELOW = 0.6  # of the full batch's edge: over it the lr is the cause, whatever the momentum
LONGER = 2.0  # times the memory: what counts as raised
HIGH = 0.95  # a momentum from which on it may be too high without having been raised
LEAST = 0.9  # a momentum below which the memory is a few steps
FEWER = 3.0  # times: rows of a batch


@cause(
    "momentum too high for the batch",
    looks_at="momentum and batch size, and the share of both edges",
    seen_in=("velocity_norm", "momentum"),
)
def too_high(seen: Seen) -> Verdict:
    """Where the loss rose below the full batch's edge, in batches, with a momentum of long memory."""
    momentum, size = seen.momentum, seen.batch_size
    if np.isnan(momentum) or np.isnan(size):
        return not_recorded("the momentum, or the batch's size")
    since = seen.step - seen.reach
    raised = _raised(seen)
    smaller = any(each[2] < each[1] for each in seen.changes("batch_size", FEWER))
    _, shares = seen.read("share", since=since)
    joint = seen.read("mean_square_share", since=since)
    share = float(np.max(shares)) if len(shares) else np.nan
    noisy = len(joint[1]) > 0 and float(np.max(joint[1])) > 1
    was = f"at batch {readable(seen.batch_size)} it was so all along, and no mean-square edge was crossed"
    named, used = readable(momentum), readable(100 * share, 2 if share < 0.99 else 4)
    missing = {
        "the loss did not rise": not seen.failed,
        "the batches are all rows: no noise lives on": seen.all_rows is True,
        f"the lr used {used} % of the full batch's edge: the lr itself is large": share > BELOW,
        f"momentum {named} is a memory of few steps": momentum < LEAST,
        f"momentum {named}: {was}": not (raised or noisy or (smaller and momentum >= HIGH)),
    }
    if lacking := first_missing(missing):
        return lacking
    return _found(seen, momentum, size, raised, share, joint)


def _raised(seen: Seen) -> list[tuple[int, float, float]]:
    """Where the memory became so much longer: the step, the momentum before and after."""
    return [each for each in seen.changes("momentum", 1.001) if 1 - each[1] > LONGER * (1 - each[2])]


def _found(
    seen: Seen,
    momentum: float,
    size: float,
    raised: list[tuple[int, float, float]],
    share: float,
    joint: tuple[np.ndarray, np.ndarray],
) -> Finding:
    evidence = [Evidence(seen.step, "momentum", momentum, "a memory of 1/(1 - momentum) steps")]
    was = f"Momentum {readable(momentum)} was too high for batches of {readable(size)} rows"
    lower = 1 - 2 * (1 - momentum)
    if raised:
        step, old, new = raised[-1]
        evidence.insert(0, Evidence(step, "momentum raised to", new, f"{readable(old)} before"))
        was += f", raised from {readable(old)} at step {step}"
        lower = old
    if len(joint[1]):
        k = int(np.argmax(joint[1]))
        over = float(joint[1][k])
        evidence.append(
            Evidence(int(joint[0][k]), "share of the mean-square edge", over, "below 1 noise dies out")
        )
        if not raised and over > 1:
            lower = max(0.0, 1 - over * 2 * (1 - momentum))
    if not np.isnan(share):
        evidence.append(
            Evidence(seen.step, "share of the full batch's edge, at most", share, "so the lr alone is not it")
        )
    times = (1 - lower) / (1 - momentum)
    return Finding(
        "momentum too high for the batch",
        0.85 if raised else 0.75,
        f"{was}, and the loss rose at step {seen.step} far below the full batch's edge.",
        tuple(evidence),
        f"lower the momentum to {readable(lower, 3)} at this lr, or keep it and lower the lr "
        f"{readable(times, 2)} times, "
        f"or take batches {readable(times, 2)} times as large.",
        "the noise of small batches bears a gain lr/(1 - momentum) up to a limit: each of the three "
        "brings it back to "
        "what it was, or halves it.",
    )
