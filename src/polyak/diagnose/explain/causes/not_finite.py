"""nan or inf: in the data, in the loss alone, or in one layer's gradient; whatever came first.

A step writes nan into exactly the parameters whose gradient was nan: where the loss is nan for the first time, the
layers whose parameters are nan are those whose gradient was. A loss that grew for many steps before is another matter.
"""

from __future__ import annotations

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Seen
from polyak.ground.numbers import readable

LATER = 3  # steps after a broken batch in which the loss shows it


@cause("not finite", looks_at="whether data, loss and each layer's numbers are finite")
def not_finite(seen: Seen) -> Verdict:
    """Where the first thing that went wrong is a number that is none."""
    steps, finite = seen.steps("step"), seen.steps("batch_finite")
    if len(finite):
        for k in np.flatnonzero(finite == 0):
            if seen.step - LATER <= steps[k] <= seen.step + 1:
                return _data(int(steps[k]))
    if seen.moment.kind != "not finite":
        if seen.moment.kind == "rose":
            return NotFound("the loss rose while it was finite: it had grown before it was not")
        return NotFound("every loss and every batch was finite")
    layers = _broken_layers(seen)
    if layers is None:
        return not_recorded("the layers' numbers at that step") if not len(finite) else _loss(seen)
    return layers


def _data(step: int) -> Finding:
    return Finding(
        "not finite",
        1.0,
        f"The batch of step {step} holds nan or infinity.",
        (Evidence(step, "share of finite batches", 0.0, "1: every number finite"),),
        "look at that batch's rows, and leave out or fill in what is missing; a check in the loader costs little.",
        "one nan in the input makes the loss and every gradient nan, and every parameter after the step.",
    )


def _broken_layers(seen: Seen) -> Finding | None:
    """By which layers' parameters are nan at the first reading after it, or whose gradient was before."""
    at, names = seen.readings("step"), seen.watched.facts.layers
    for name, what in (("layer_parameter_norm", "parameters"), ("layer_gradient_norm", "gradient")):
        values = seen.readings(name)
        near = np.flatnonzero((at >= seen.step - LATER) & (at <= seen.step + seen.watched.facts.every))
        for k in near if len(values) else ():
            bad = ~np.isfinite(values[k])
            if bad.any() and not bad.all():
                which = [each for each, broken in zip(names, bad, strict=True) if broken]
                return _layer(seen, int(at[k]), which, len(names), what)
    return None


def _layer(seen: Seen, step: int, which: list[str], of: int, what: str) -> Finding:
    shown = ", ".join(which[:4]) + (f" and {len(which) - 4} more" if len(which) > 4 else "")
    return Finding(
        "not finite",
        0.95,
        f"The gradient of {shown} was nan or infinite while that of the other {of - len(which)} layers and "
        "the loss were "
        f"finite; the loss was not finite from step {seen.step} on.",
        (Evidence(step, f"layers with {what} that are not finite", float(len(which)), f"0 of {of}"),),
        f"look at what lies between {which[-1]} and the next layer: a root, a norm or a logarithm at 0 has "
        "a finite value "
        "and an infinite slope; add eps inside it, such as 1e-6.",
        "a step writes nan into exactly the parameters whose gradient was nan.",
        which[-1],
    )


def _loss(seen: Seen) -> Finding:
    return Finding(
        "not finite",
        0.8,
        f"The loss was {readable(seen.moment.loss)} at step {seen.step} though the batch was finite and "
        "the loss had not "
        "grown before.",
        (Evidence(seen.step, "loss", seen.moment.loss, f"{readable(seen.moment.floor)} before"),),
        "look at the loss itself at that batch: a logarithm of 0, a division by a count of 0, an overflow in half "
        "precision; keep its arguments from 0 by 1e-6.",
        "no edge explains a loss that is not finite without having grown: a step past one grows first.",
    )
