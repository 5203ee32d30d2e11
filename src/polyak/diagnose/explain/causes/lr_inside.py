r"""The lr changed while the velocity holds it: v <- gamma v + lr g, x <- x - v goes on at the old lr for a memory.

After a drop by a factor r the old velocity still carries x by gamma/(1 - gamma) of its length, and the gradients that
should brake it are r times weaker: x coasts past, and the loss rises. With the lr outside the velocity nothing coasts.

Source: conventions of MXNet, Keras and TensorFlow 1 beside PyTorch's: docs/conventions.md.
"""

from __future__ import annotations

import numpy as np

from polyak.diagnose.explain.finding import (
    Evidence,
    Finding,
    NotFound,
    Verdict,
    cause,
    first_missing,
    not_recorded,
)
from polyak.diagnose.explain.seen import Seen
from polyak.ground.numbers import readable

FACTOR = 2.0  # a change of the lr by less is followed at once
LONG = 0.7  # a momentum below it has forgotten in three steps


@cause(
    "lr changed inside the velocity",
    looks_at="changes of the lr, and whether the velocity holds it",
    seen_in=("velocity_norm", "lr"),
)
def changed_inside(seen: Seen) -> Verdict:
    """Where the lr changed in reach of the rise and the velocity holds the lr."""
    inside = seen.watched.facts.lr_in_velocity
    if not len(seen.steps("lr")):
        return not_recorded("the lr")
    changes, momentum = seen.changes("lr", FACTOR), seen.momentum
    if inside is None and changes:
        return not_recorded("whether the velocity holds the lr")
    missing = {
        f"the lr did not change {readable(FACTOR)} times over within the {seen.reach} steps before": not changes,
        "the velocity does not hold the lr": not inside,
        "the loss did not rise": not seen.failed,
        f"momentum {readable(momentum)} forgets the old lr in a few steps": not momentum > LONG,
    }
    if lacking := first_missing(missing):
        return lacking
    step, old, new = changes[-1]
    evidence = [Evidence(step, "lr", new, f"{readable(old)} before; the velocity holds the old one")]
    steps, lengths = seen.read("velocity_norm", after=1, since=step)
    before_steps, before = seen.read("velocity_norm")
    known = before_steps < step
    if len(lengths) and known.any():
        was = float(before[known][-1])
        ratio = float(lengths[0]) / max(was, 1e-30)
        expected = f"{readable(was)} before: at the new lr it would be {readable(was * new / old, 2)}"
        evidence.append(Evidence(int(steps[0]), "length of the velocity", float(lengths[0]), expected))
        if new < old and ratio < 2 * new / old:
            return NotFound("the velocity was as short as the new lr makes it")
    memory = 1 / (1 - momentum)
    factor = new / old
    direction = "dropped" if factor < 1 else "raised"
    return Finding(
        "lr changed inside the velocity",
        0.9 if factor < 1 else 0.6,
        f"At step {step} the lr was {direction} from {readable(old)} to {readable(new)}, and the velocity, "
        "which holds the "
        f"lr, went on at the old one for about {readable(memory, 2)} steps.",
        tuple(evidence),
        f"multiply the velocity by {readable(factor, 3)} where the lr changes, or keep the lr outside the velocity.",
        "then the next step is the new lr times the mean of the gradients, as with PyTorch's convention; "
        f"left alone, x goes on by {readable(np.clip(momentum / (1 - momentum), 0, 1e6), 3)} of the last update.",
    )
