"""Single precision: whether a candidate rounds to float32 somewhere, and how far that may carry it.

Both are measured on the candidate itself. Begun a little to either side of its start, one that is smooth ends a little
to either side of its end: x(+d) - 2 x(0) + x(-d) is of the order d^2, and a quarter of d leaves a sixteenth of it.
Rounding is not smooth: what it leaves is a digit of float32, whatever d is. A decay or another momentum, however
small, is smooth. What float32 explains is then

    4 of those digits + half a digit of x a step + what half a digit of each setting makes

and no more; and where a number is too large for float32, that it is no number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from polyak.verify.comparison import sizes_so_far
from polyak.verify.evidence import HALF_DIGIT, Evidence, storing
from polyak.verify.scenarios import Path

NUDGE = 2.0**-18  # of the start: many digits of float32, so that it rounds each time anew
SMOOTH = 2.0**-36  # of the path's size: what is less is no digit of float32
COARSE = 2.0**5  # times what storing x rounds off: what is more is none either
DIGITS = 4.0
LARGEST = float(np.sqrt(np.finfo(np.float32).max))  # whose square float32 still holds
SEED = 1964
ENOUGH = 8  # steps


def judged(evidence: list[Evidence]) -> list[Evidence] | None:
    """The evidence, held to single precision where it parts; None if the candidate does not round to it."""
    if not any(_rounds(each) for each in _telling(evidence)):
        return None
    return [_held_to_single(each) if each.parted else each for each in evidence]


def _telling(evidence: list[Evidence]) -> Iterator[Evidence]:
    """Where it is looked for: in those that part first, then wherever they part by as little as it rounds."""
    parted = sorted((each for each in evidence if each.parted), key=lambda each: each.scenario.size)
    parted.sort(key=_steps)
    yield from parted[:1]
    yield from [each for each in parted[1:] if _steps(each) >= ENOUGH][:1]
    yield from (each for each in parted[1:] if _is_little(each))


def _is_little(each: Evidence) -> bool:
    gaps, step = each.outcome.gaps, each.outcome.step
    return gaps is not None and step is not None and bool(gaps[step] < COARSE * HALF_DIGIT)


def _steps(each: Evidence) -> int:
    """How many steps tell whether it rounds: some more than until the first that parts."""
    return min(each.scenario.steps, (each.outcome.step or 0) + ENOUGH - 1)


def _rounds(each: Evidence) -> bool:
    """Whether what is left of a second difference is as large as float32's digits, and no smaller for a smaller d."""
    steps = _steps(each)
    rough, rougher = (float(_roughness(each, nudge, steps)[-1, 0]) for nudge in (NUDGE / 4, NUDGE))
    with np.errstate(all="ignore"):
        least = SMOOTH * sizes_so_far(each.candidate)[steps, 0]
        most = COARSE * storing(each.reference.path, each.reference.moved)[steps, 0]
        return bool(least < rough <= most and 4 * rough > rougher)


def _roughness(each: Evidence, nudge: float, steps: int | None = None) -> Path:
    """|x(+d) - 2 x(0) + x(-d)|, the largest so far, shape (steps + 1, 1); 0 at the start."""
    start = each.reference.problem.start
    rng = np.random.default_rng(SEED)
    d = nudge * start * rng.uniform(0.5, 1.0, start.shape) * rng.choice([-1.0, 1.0], start.shape)
    there, back = (
        each.scenario.path(each.make(), each.reference.problem, start + side * d, steps)
        for side in (1.0, -1.0)
    )
    with np.errstate(all="ignore"):
        rough = np.abs(there - 2 * each.candidate[: len(there)] + back).max(axis=1)
    rough[0] = 0.0
    found: Path = np.maximum.accumulate(rough)[:, None]
    return found


def _held_to_single(each: Evidence) -> Evidence:
    until = _until(each)
    path, moved = each.reference.path, each.reference.moved
    with np.errstate(all="ignore"):
        stored = storing(path, moved)
        digits = np.fmin(_roughness(each, NUDGE / 4), COARSE * stored)
        allowed = DIGITS * digits + stored + _of_settings(each)
        apart = each.reference.gaps(each.candidate, allowed)[:until]
        explained = bool((apart <= allowed[:until]).all())
    outcome = each.outcome
    if explained:
        reason = f"float32 overflows at step {until}" if until < len(path) else ""
        outcome = dataclasses.replace(outcome, single=True, reason=reason)
    return dataclasses.replace(each, allowed=allowed, until=until, outcome=outcome)


def _until(each: Evidence) -> int:
    """How many rows come before the candidate overflows where float32 does."""
    problem, scenario, path = each.reference.problem, each.scenario, each.reference.path
    gone = ~np.isfinite(each.candidate).all(axis=1)
    if not gone.any():
        return len(path)
    first = int(gone.argmax())
    with np.errstate(all="ignore"):
        gradient = scenario.gradient * problem.gradient(path[first - 1], first - 1)
        largest = np.fmax(np.abs(gradient).max(), np.abs(path[first]).max())
    return first if not largest <= LARGEST else len(path)


def _of_settings(each: Evidence) -> Path:
    """What becomes of the path when each of the reference's settings is half a digit of float32 smaller."""
    found: Path = np.zeros((len(each.reference.path), 1))
    if each.model is None or not each.sound:
        return found
    path, rule = each.path_of(each.model), each.model.rule
    for name in rule.hyperparameters():
        moved = each.path_of(each.model.with_rule(**{name: getattr(rule, name) * (1 - 2 * HALF_DIGIT)}))
        found += np.maximum.accumulate(np.abs(moved - path).max(axis=1))[:, None]
    return found
