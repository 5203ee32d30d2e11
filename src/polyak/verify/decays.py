"""Weight decay: its other meanings, and one where the reference has none or another, measured on the candidate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from polyak.ground.numbers import readable
from polyak.verify.evidence import Evidence
from polyak.verify.model import Model

Change = tuple[str, str, Model]
Amounts = Mapping[str, tuple[float, ...]]  # of each kind, the plainest numbers first

KINDS = {  # a verdict, and what such a decay does
    "coupled": ("coupled", "is added to the gradient and passes through the slots"),
    "decoupled": ("decoupled", "times lr, is taken off beside the step"),
    "not times lr": ("decoupled, not times lr", "is taken off beside the step, not times lr"),
    "after the step": ("decoupled, after the step", "times lr, is taken off after the step"),
    "by the sign": ("by the sign", "takes lr times itself off every number, by its sign, whatever its size"),
    "by a constant": (
        "by a constant",
        "takes lr times itself off every number, whatever its size and sign: a constant",
    ),
}
NONE: Amounts = {}
DIGITS = (1, 2, 3, 6)  # in which people type a weight decay
CLOSE = 1e-3  # of the amount measured, beside whatever else is changed
TURNS = 8  # of Newton's method
FIRST = 1e-6  # an amount that all rules take for a small one


def decays(model: Model, amounts: Amounts = NONE) -> Iterator[Change]:
    """Every other meaning of the model's weight decay, and every one that was measured."""
    if model.decay != 0:
        yield from _meanings(model)
    for kind, values in amounts.items():
        for value in values:
            if (kind, value) == (model.decay_kind, model.decay):
                continue
            amount, (name, does) = readable(value, 6), KINDS[kind]
            changed = model.but(decay=value, decay_kind=kind)
            if model.decay == 0:
                comma = "," * does.startswith("times")
                words = f"a weight decay of {amount}{comma} {does}; the reference has none"
                yield f"equal but for a weight decay of {amount}, {name}", words, changed
            else:
                words = f"its weight decay, {amount}, {does}; the reference's is {readable(model.decay, 6)}"
                yield "another weight decay", words, changed


def _meanings(model: Model) -> Iterator[Change]:
    for kind, (verdict, does) in KINDS.items():
        if kind != model.decay_kind:
            now = "coupled" if model.decay_kind == "coupled" else "decoupled"
            words = f"its weight decay{',' * does.startswith('times')} {does}; the reference's is {now}"
            yield f"weight decay {verdict}", words, model.but(decay_kind=kind)
    yield "weight decay ignored", "its weight decay has no effect", model.but(decay_kind="ignored")
    yield "sign of the weight decay", "its weight decay pushes away from zero", model.but(decay=-model.decay)
    twice = model.but(decay=2 * model.decay)
    yield "weight decay twice", "its weight decay is applied twice", twice


def measured(sound: list[Evidence]) -> Amounts:
    """How much weight decay of each kind would take the candidate where it went.

    Read off where decay alone moves x; and off a plain run, for rules that there take a step of one size, however
    small the gradient.
    """
    moved = [each for each in sound if each.parted and each.plain and each.scenario.start != 1]
    if not moved:
        return NONE
    usual = [each for each in sound if each.plain and not each.skips and each.scenario.lr_factors is None]
    longest = max(usual, key=lambda each: (each.scenario.steps <= 100, each.scenario.steps))
    found = dict[str, tuple[float, ...]]()
    for kind in KINDS:
        for each in (moved[0], longest):
            amount = _fitted(each, kind)
            if amount:
                found[kind] = found.get(kind, ()) + _typed(amount, each)
    return found


def _fitted(each: Evidence, kind: str) -> float | None:
    """The amount that comes nearest to the candidate, by Newton's method on one number."""
    amount, candidate = 0.0, each.candidate[: each.until]
    for _ in range(TURNS):
        by = 1e-3 * abs(amount) or FIRST
        here, beside = (
            each.path_of(each.spelled.but(decay=tried, decay_kind=kind))[: each.until]
            for tried in (amount, amount + by)
        )
        with np.errstate(all="ignore"):
            slope, left = (beside - here) / by, candidate - here
            change = float((slope * left).sum() / (slope**2).sum())
        if not np.isfinite(change):
            return None
        amount += change
        if abs(change) <= 1e-14 * abs(amount):
            break
    return amount


def _typed(amount: float, each: Evidence) -> tuple[float, ...]:
    """The amount as it may have been typed: in few digits, if that is as near as it was measured; then as it is."""
    near = CLOSE
    if each.allowed is not None:
        # Where float32 hides some of it, what it hides.
        apart = np.abs(each.reference.path - each.candidate)[: each.until].max(axis=1)[-1]
        near = max(near, float(each.allowed[: each.until][-1, 0] / apart))
    rounded = (float(readable(amount, digits)) for digits in DIGITS)
    return tuple(
        dict.fromkeys([*(each for each in rounded if abs(each - amount) <= near * abs(amount)), amount])
    )
