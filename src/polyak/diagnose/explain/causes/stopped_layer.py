"""A layer that stopped: its gradient is 0, or its parameters do not move, while those of other layers do.

ReLUs that are off for every row have no gradient, and neither has what lies below them; a layer that is not among the
optimizer's parameters has one and does not move.
"""

from __future__ import annotations

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Floats, Seen
from polyak.ground.numbers import readable

SMALL = 1e-6  # of what the layer's gradient was in the median so far: one reading of a loss that explodes is no measure
READINGS = 3


@cause("a layer stopped", looks_at="each layer's gradient and update")
def stopped(seen: Seen) -> Verdict:
    """Where a layer's gradient or update is 0 for some readings, while another's is not."""
    steps, gradients = seen.read("layer_gradient_norm", after=READINGS)
    if len(gradients) < READINGS:
        return not_recorded("the layers' gradients at enough readings")
    names = seen.watched.facts.layers
    finite = np.isfinite(gradients).all(axis=1)
    steps, gradients = steps[finite], gradients[finite]
    if len(gradients) < READINGS:
        return not_recorded("the layers' gradients at enough readings that were finite")
    off = _off(gradients)
    dead = off[-READINGS:].all(axis=0)
    if dead.any() and not dead.all():
        return _found(seen, steps, gradients, off, np.flatnonzero(dead), "gradient")
    at, updates = seen.read("layer_update_norm", after=READINGS)
    if len(updates) >= READINGS:
        still = (updates[-READINGS:] == 0).all(axis=0)
        if still.any() and not still.all() and not seen.has("rounded_away"):
            return _found(seen, at, updates, updates == 0, np.flatnonzero(still), "update")
        kept = still & (gradients[-READINGS:] > 0).all(axis=0)
        if kept.any() and not still.all() and not _rounds(seen):
            return _found(seen, at, updates, updates == 0, np.flatnonzero(kept), "update")
    return NotFound(f"all {len(names)} layers have a gradient, and move")


def _off(gradients: Floats) -> np.ndarray:
    """Which of the gradients are 0 beside what they were, shape (readings, layers)."""
    off = np.zeros(gradients.shape, dtype=bool)
    for k, now in enumerate(gradients):
        so_far = np.where(gradients[: k + 1] > 0, gradients[: k + 1], np.nan)
        alive = np.isfinite(so_far).any(axis=0)
        usual = np.zeros(gradients.shape[1])
        usual[alive] = np.nanmedian(so_far[:, alive], axis=0)
        off[k] = now <= SMALL * usual
    return off


def _rounds(seen: Seen) -> bool:
    return any("16" in each for each in seen.watched.facts.dtypes)


def _found(
    seen: Seen, steps: np.ndarray, values: Floats, off: np.ndarray, which: np.ndarray, what: str
) -> Verdict:
    names = [seen.watched.facts.layers[k] for k in which]
    last = which[-1]
    on = np.flatnonzero(~off[:, last])
    first = int(on[-1]) + 1 if len(on) else 0
    if not seen.failed and seen.falling:
        return NotFound(f"{names[-1]} has no {what}, but the loss fell as it should")
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    since = f"between steps {steps[first - 1]} and {steps[first]}" if first else "from the start"
    was = f"{readable(float(values[first - 1, last]))} before" if first else "that of other layers is not 0"
    again = (
        f"begin again from before step {steps[first]} with the lr halved, or take a leaky ReLU."
        if first
        else "begin with other initial values, biases not far below 0 for one, or take a leaky ReLU."
    )
    change = (
        f"look at the activations above it: ReLUs that are off for every row do not come back; {again}"
        if what == "gradient"
        else "add its parameters to the optimizer's."
    )
    return Finding(
        "a layer stopped",
        0.85 if first else 0.7,
        f"{shown} stopped {since}: its {what} is 0 while other layers' is not.",
        (
            Evidence(
                int(steps[first]),
                f"length of the {what} of {names[-1]}",
                float(values[first, last]),
                was,
            ),
        ),
        change,
        "a layer whose gradient is 0 for every row cannot be moved by any lr."
        if what == "gradient"
        else "a layer with a gradient that does not move is not the optimizer's.",
        names[-1],
    )
