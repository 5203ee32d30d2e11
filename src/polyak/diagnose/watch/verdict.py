"""One sentence about a watched training."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.facts import Facts
from polyak.ground.numbers import readable

BACK = 500  # steps over which the sharpness is compared
SAME = 1.1  # times: less than that is said as unchanged
FULL = "full batch"
EARLY = 100  # steps before which an edge means little

Rows = Mapping[str, NDArray[np.float64]]


def verdict(facts: Facts, steps: Rows, readings: Rows) -> str:
    """How much of the edge the learning rate uses, how the sharpness went, and where ripples may begin.

    The edge is the mean-square one where it was read, else that of a full batch, which in mini-batches with momentum is
    on the dangerous side: the sentence says which.
    """
    shares, which = _shares(readings)
    known = np.isfinite(shares)
    if not known.any():
        return f"no answer yet: {_why_not(facts, steps, readings)}"
    at = int(np.flatnonzero(known)[-1])
    step, share = int(readings["step"][at]), float(shares[at])
    lr = _at(steps, "lr", step)
    size = _at(steps, "batch_size", step)
    batch = "" if math.isnan(size) else f", batch {readable(size)}"
    what = "the settings use" if math.isnan(lr) else f"lr {readable(lr, 3)} uses"
    parts = [f"{what} {readable(100 * share, 2 if share < 0.99 else 4)} % of the edge ({which}{batch})"]
    parts += _growth(readings, at)
    if 0 < share < 1:
        earlier = ", in batches earlier" if which == FULL and _in_batches(facts, size) else ""
        parts.append(f"ripples may begin at {_where(lr, share)}{earlier}")
    elif share >= 1:
        parts.append("ripples may have begun: an edge is no divergence")
    if step < EARLY:
        parts.append(f"before about {EARLY} steps it means little")
    return "; ".join(parts)


def _where(lr: float, share: float) -> str:
    if math.isnan(lr):
        return f"{readable(1 / share, 3)} times today's learning rates"
    return f"lr {readable(lr / share, 3)}"


def _shares(readings: Rows) -> tuple[NDArray[np.float64], str]:
    """The shares of an edge that are spoken of, and whose edge it is."""
    joint = readings.get("mean_square_share", np.empty(0))
    if np.isfinite(joint).any():
        return joint, "mean-square along the sharpest direction"
    return readings.get("share", np.empty(0)), FULL


def _in_batches(facts: Facts, size: float) -> bool:
    """Whether a batch is known not to be all the rows."""
    return facts.rows is not None and size < facts.rows


def _growth(readings: Rows, at: int) -> list[str]:
    """How the sharpness went, where there is something to compare it with."""
    step, sharpness = readings["step"], readings["sharpness"]
    before = np.flatnonzero(
        np.isfinite(sharpness[:at]) & (step[:at] >= step[at] - BACK) & (sharpness[:at] > 0)
    )
    if not len(before) or not sharpness[at] > 0:
        return []
    first = int(before[0])
    ratio, over = float(sharpness[at] / sharpness[first]), f"in {int(step[at] - step[first]):,} steps"
    if ratio >= SAME:
        return [f"sharpness grew {readable(ratio, 2 if ratio < 99 else 4)} times {over}"]
    if ratio <= 1 / SAME:
        return [f"sharpness fell {readable(1 / ratio, 2)} times {over}"]
    return [f"sharpness stayed {over}"]


def _at(steps: Rows, name: str, step: int) -> float:
    """A column's number at a step."""
    at = np.flatnonzero(steps["step"] == step)
    return float(steps[name][at[-1]]) if len(at) and name in steps else math.nan


def _why_not(facts: Facts, steps: Rows, readings: Rows) -> str:
    if not len(readings["step"]):
        return f"{len(steps['step']):,} steps and no reading, which comes every {facts.every:,} steps"
    if np.isfinite(readings.get("sharpness", np.empty(0))).any():
        return f"{facts.optimizer} has no edge that is known"
    return "no reading of the sharpness"
