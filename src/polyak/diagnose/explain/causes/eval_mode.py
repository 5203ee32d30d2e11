"""Batch norm in eval mode: modules that should train do not, after a validation or from the start.

In eval mode batch norm divides by statistics that nothing moves any more, its gradient lacks the terms that keep its
inputs' size, and dropout does nothing.
"""

from __future__ import annotations

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Seen
from polyak.ground.numbers import readable

READINGS = 2


@cause(
    "batch norm in eval mode",
    looks_at="the mode of each module at each reading",
    seen_in=("eval_share", "gradient_norm"),
)
def in_eval(seen: Seen) -> Verdict:
    """Where modules went over to eval mode and the training went on."""
    steps, shares = seen.read("eval_share", after=1)
    if not len(shares):
        return not_recorded("the modules' modes")
    off = shares > 0
    if not off[-READINGS:].all() or off.sum() < READINGS:
        return NotFound("every module is in train mode")
    if off.all() and not seen.failed:
        return NotFound("modules are in eval mode from the start, and the loss did not rise")
    first = 0 if off.all() else int(np.flatnonzero(~off)[-1]) + 1
    if not seen.failed and seen.falling:
        return NotFound(
            f"modules are in eval mode from step {steps[first]} on, but the loss fell as it should"
        )
    return _found(steps, float(shares[first]), first)


def _found(steps: np.ndarray, share: float, first: int) -> Finding:
    switched = f"between steps {steps[first - 1]} and {steps[first]}" if first else "from the start"
    return Finding(
        "batch norm in eval mode",
        0.9 if first else 0.6,
        f"{readable(100 * share, 3)} % of the modules went over to eval mode {switched}, and the training went on."
        if first
        else f"{readable(100 * share, 3)} % of the modules are in eval mode from the start.",
        (Evidence(int(steps[first]), "share of modules in eval mode", share, "0 while it trains"),),
        "call net.train() after each validation, before the first step.",
        "batch norm in eval mode divides by statistics that no longer follow the batches; dropout does nothing.",
    )
