r"""The gradient is clipped at every step: its length is the clip's own, and the lr is a length of step.

    g <- g min(1, c/|g|)    with |g| > c always:    |g| = c at every reading

Nothing then shrinks as the gradient does, and the true gradient's size is nowhere in the step.
"""

from __future__ import annotations

import math

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Floats, Seen
from polyak.ground.numbers import readable

SAME = 1e-3  # relative: readings that agree so are one number
READINGS = 6
MOST = 0.9  # of the readings
SHORTER = 3.0  # times: the gradient that was clipped, over what is left of it


@cause(
    "clipping at every step",
    looks_at="the gradient that the steps were taken by, beside the batch's own",
    seen_in=("gradient_norm", "own_gradient_norm"),
)
def always(seen: Seen) -> Verdict:
    """Where the gradient is of one length at nearly every reading, and far shorter than the batch's own."""
    for name, what in (("gradient_norm", "length"), ("largest_gradient", "largest entry")):
        steps, values = seen.read(name)
        if len(values) < READINGS:
            continue
        limit = float(np.median(values))
        same = np.abs(values - limit) <= SAME * limit
        if limit > 0 and same.mean() >= MOST:
            return _clipped(seen, what, limit, float(same.mean()), (steps, values))
    if not seen.has("gradient_norm"):
        return not_recorded("the gradient's length")
    steps, values = seen.read("gradient_norm")
    if len(values) < READINGS:
        return NotFound(f"{len(values)} readings of the gradient's length are too few to tell", looked=False)
    return NotFound("the gradient's length changes from reading to reading")


def _clipped(seen: Seen, what: str, limit: float, share: float, read: tuple[np.ndarray, Floats]) -> Verdict:
    own_steps, own = seen.read("own_gradient_norm")
    ratio = math.nan
    if what == "length" and len(own):
        ratio = float(np.median(own[-READINGS:])) / limit
        if ratio < SHORTER:
            return NotFound(
                f"the gradient is clipped at nearly every reading, but by {readable(ratio, 2)} times only"
            )
    if not seen.failed and seen.falling:
        return NotFound("the gradient is clipped at every reading, but the loss fell as it should")
    steps, values = read
    evidence = [
        Evidence(
            int(steps[-1]),
            f"{what} of the gradient",
            float(values[-1]),
            f"the same at {readable(100 * share, 3)} % of {len(values)} readings",
        )
    ]
    change = "raise the clip until it holds at less than one step in ten"
    if not math.isnan(ratio):
        evidence.append(
            Evidence(
                int(own_steps[-1]),
                "length of the batch's own gradient",
                float(own[-1]),
                "what the step would go by",
            )
        )
        change = (
            f"raise the clip from {readable(limit)} to {readable(2 * limit * ratio, 2)}, twice the "
            "median length of the gradient"
        )
    return Finding(
        "clipping at every step",
        0.75,
        f"The gradient is clipped to {what} {readable(limit)} at every step"
        + ("" if math.isnan(ratio) else f", {readable(ratio, 3)} times shorter than it is")
        + ": the lr is a length of step, whatever the gradient.",
        tuple(evidence),
        change
        + f", or leave it and raise the lr by as much{'' if math.isnan(ratio) else f', {readable(ratio, 2)} times'}.",
        "clipping is meant for the few steps that stand out; at every step it is a normalisation that "
        "nothing shrinks.",
    )
