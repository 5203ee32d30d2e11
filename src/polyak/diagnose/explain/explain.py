"""`pk.explain`: why a watched training went wrong at a step."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from polyak.diagnose.explain.explanation import Change, Explanation
from polyak.diagnose.explain.finding import Finding, checked, known
from polyak.diagnose.explain.moment import Moment, at_step, first_rise
from polyak.diagnose.explain.seen import Seen, losses_of, usual
from polyak.diagnose.watch import Watch, Watched
from polyak.ground.errors import PolyakError, a_or_an, whole_number

COMPARED = {  # of the steps and the readings: what is told where it changed
    "lr": "lr",
    "momentum": "momentum",
    "batch_size": "rows of a batch",
    "batch_scale": "mean size of a batch's numbers",
    "gradient_norm": "length of the gradient",
    "update_norm": "length of the update",
    "velocity_norm": "length of the velocity",
    "sharpness": "sharpness",
}
TIMES = 1.3  # a change by less is not told


def explain(store: Watch | Watched | str | Path, step: int | None = None) -> Explanation:
    """Why a watched training went wrong: a named cause with its evidence, or none of those known here.

    Args:
        store: of a watched training; or a Watch or a Watched itself.
        step: what is to be explained; by default the first step at which the loss rose out of its own noise, or was not
            finite; where it never did, all that was recorded.

    Returns an Explanation. Raises PolyakError for a store without a watched training, one without a loss, and a step
    that was not recorded.

    >>> explain("no/such/run.zarr")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: no/such/run.zarr holds no watched training: expected the store of one
    """
    given: object = store.watched if isinstance(store, Watch) else store
    if not isinstance(given, Watched | str | Path):
        kind = a_or_an(type(store).__name__)
        raise PolyakError(
            f"an explanation is asked of {kind}, expected a store's name or what Watched.open gives"
        )
    watched = given if isinstance(given, Watched) else Watched.open(given)
    seen = Seen(watched, _moment(watched, step))
    findings, ruled_out = [], {}
    for name, cause in known().items():
        verdict = checked(cause.find(seen))
        if isinstance(verdict, Finding):
            findings.append(verdict)
        else:
            ruled_out[name] = verdict
    findings.sort(key=lambda each: -each.strength)
    return Explanation(watched, seen.moment, tuple(findings), ruled_out, _changes(seen))


def _moment(watched: Watched, step: int | None) -> Moment:
    at, losses = losses_of(watched)
    if step is not None:
        step = whole_number("step", step, at_least=0)
        recorded = watched.steps["step"]
        if not len(recorded) or not recorded[0] <= step <= recorded[-1]:
            there = f"{int(recorded[0])} to {int(recorded[-1])}" if len(recorded) else "none"
            raise PolyakError(f"step {step} was not recorded, expected one of {there}")
        return at_step(step, at, losses)
    if not len(losses):
        raise PolyakError("no loss is recorded yet, expected a training with a reading or a step= to explain")
    return first_rise(at, losses)


def _changes(seen: Seen) -> tuple[Change, ...]:
    """What was otherwise at the moment than usual before it, the largest change first."""
    found = []
    for name, what in COMPARED.items():
        if name in seen.watched.steps:
            every, values = seen.steps("step"), seen.steps(name)
            keep = (every <= seen.step) & np.isfinite(values)
            steps, values = every[keep].astype(np.int64), values[keep]
        else:
            steps, values = seen.read(name, after=1)
        if len(values) < 2:
            continue
        change = Change(what, usual(values[:-1]), float(values[-1]), int(steps[-1]))
        if change.factor > TIMES or change.factor < 1 / TIMES:
            found.append(change)
    return tuple(sorted(found, key=lambda each: -abs(np.log(max(each.factor, 1e-12)))))
