"""The velocity, or an adaptive rule's moments, were lost: at a resume, or where the optimizer was made anew.

Right after it v is one step's gradient alone, whatever the convention: its cosine with the gradient is 1. An adaptive
rule's squares are empty too, and its first steps are of the full learning rate in every entry, whatever the gradient.
"""

from __future__ import annotations

import numpy as np

from polyak.diagnose.explain.finding import Evidence, Finding, NotFound, Verdict, cause, not_recorded
from polyak.diagnose.explain.seen import Floats, Seen
from polyak.ground.numbers import readable

ONE = 0.999  # a cosine from which on the velocity is the gradient's own
USUAL = 0.98  # and what it was usually below
SHORTER = 3.0  # times: a velocity that is that much shorter than it usually was
WITH_MOMENTUM = 0.3


@cause(
    "velocity lost",
    looks_at="resumes, the optimizer's own count of steps, and velocity beside gradient",
    seen_in=("velocity_norm", "optimizer_step"),
)
def lost(seen: Seen) -> Verdict:
    """Where the optimizer's count fell back, or the velocity is the gradient right after a resume."""
    counted = _count_fell(seen)
    resumed = [*seen.events("resumed"), *seen.events("optimizer replaced")]
    steps, cosines = seen.read("alignment", after=1)
    if counted is None and not len(cosines):
        return not_recorded("the optimizer's count, or the velocity beside the gradient")
    bared = _bared(seen, steps, cosines)
    if counted is None and bared is None:
        where = f" after the resume at step {resumed[-1]}" if resumed else ""
        return NotFound(f"the velocity went on{where}")
    if counted is None and not resumed and not seen.failed:
        return NotFound("the loss did not rise, and nothing was resumed")
    return _found(
        seen, _evidence(counted, bared), sure=counted is not None or bool(resumed), resumed=bool(resumed)
    )


def _evidence(counted: tuple[int, float, float] | None, bared: tuple[int, float] | None) -> list[Evidence]:
    evidence = []
    if counted is not None:
        step, old, new = counted
        evidence.append(
            Evidence(step, "the optimizer's own count of steps", new, f"{readable(old + 1, 9)} expected")
        )
    if bared is not None:
        step, cosine = bared
        evidence.append(Evidence(step, "cosine of velocity and gradient", cosine, f"usually under {USUAL}"))
    return evidence


def _found(seen: Seen, evidence: list[Evidence], *, sure: bool, resumed: bool) -> Finding:
    step = min(each.step for each in evidence)
    how = "at the resume" if resumed else "though nothing was resumed"
    moments = seen.has("below_eps") or np.isfinite(seen.setting("beta2"))
    what = "the moments were" if moments else "the velocity was"
    return Finding(
        "velocity lost",
        0.95 if sure else 0.7,
        f"{what.capitalize()} empty at step {step}, {how}: the optimizer began anew with the parameters of a trained "
        "network.",
        tuple(evidence),
        "save and load the optimizer's state beside the model's, optimizer.load_state_dict(...); or begin "
        "again with a "
        f"warm-up of about {_warm_up(seen)} steps.",
        "with empty squares the first steps are a full learning rate in every entry, however small the gradient."
        if moments
        else "without its velocity the steps are (1 - momentum) times as long until a memory has passed.",
    )


def _count_fell(seen: Seen) -> tuple[int, float, float] | None:
    """The first step in reach at which the optimizer's own count is lower than before: (step, before, there)."""
    counts, steps = seen.steps("optimizer_step"), seen.steps("step")
    for k in np.flatnonzero(np.diff(counts) < 0) + 1 if len(counts) else ():
        if seen.step - seen.reach <= steps[k] <= seen.step + 1:
            return int(steps[k]), float(counts[k - 1]), float(counts[k])
    return None


def _bared(seen: Seen, steps: np.ndarray, cosines: Floats) -> tuple[int, float] | None:
    """The first reading in reach at which the velocity is the gradient, where it was not before."""
    _, lengths = seen.read("velocity_norm", after=1)
    for k in range(1, len(cosines)):
        before = cosines[max(1, k - 8) : k]
        near = seen.step - seen.reach <= steps[k] <= seen.step + seen.watched.facts.every
        if near and cosines[k] > ONE and len(before) and float(np.median(before)) < USUAL:
            if len(lengths) == len(cosines) and lengths[k] * SHORTER > float(
                np.median(lengths[max(1, k - 8) : k])
            ):
                continue  # a steep way down may turn the velocity into the gradient's direction, but not shorten it
            return int(steps[k]), float(cosines[k])
    return None


def _warm_up(seen: Seen) -> str:
    beta = seen.setting("beta2")
    memory = 1 / (1 - beta) if np.isfinite(beta) and beta < 1 else 1 / (1 - min(seen.momentum, 0.999))
    return readable(memory, 2)
