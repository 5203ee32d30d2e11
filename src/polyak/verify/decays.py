"""Weight decay: its other meanings, and one where the reference has none or another, measured on the candidate."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from polyak.ground.numbers import readable
from polyak.verify.change import Hypothesis
from polyak.verify.decay_kinds import KINDS
from polyak.verify.evidence import Evidence
from polyak.verify.reference_model import Model

Amounts = Mapping[str, tuple[float, ...]]  # of each kind, the plainest numbers first

NONE: Amounts = {}
DIGITS = (1, 2, 3, 6)  # in which people type a weight decay
CLOSE = 1e-3  # of the amount measured, beside whatever else is changed
TURNS = 8  # of Newton's method
FIRST = 1e-6  # an amount that all rules take for a small one


def decays(model: Model, amounts: Amounts = NONE) -> Iterator[Hypothesis]:
    """Every other meaning of the model's weight decay, and every one that was measured."""
    if model.decay != 0:
        yield from _meanings(model)
    for kind, values in amounts.items():
        for value in values:
            if (kind, value) != (model.decay_kind, model.decay):
                yield _of_amount(model, kind, value)
                yield besides(model, kind, value)


def besides(model: Model, kind: str, value: float) -> Hypothesis:
    """A decay of this amount beside the one that is set, and where none is set too."""
    amount, (name, does, _) = readable(value, 6), KINDS[kind]
    words = f"a weight decay of {amount}{_comma(does)} {does}, beside any that is set"
    return Hypothesis(
        f"equal but for a weight decay of {amount}, {name}", words, model.but(besides=(kind, value))
    )


def _of_amount(model: Model, kind: str, value: float) -> Hypothesis:
    amount, (name, does, _) = readable(value, 6), KINDS[kind]
    changed = model.but(decay=value, decay_kind=kind)
    if model.decay == 0:
        words = f"a weight decay of {amount}{_comma(does)} {does}; the reference has none"
        return Hypothesis(f"equal but for a weight decay of {amount}, {name}", words, changed)
    words = f"its weight decay, {amount}, {does}; the reference's is {readable(model.decay, 6)}"
    return Hypothesis("another weight decay", words, changed)


def _meanings(model: Model) -> Iterator[Hypothesis]:
    now = "coupled" if model.decay_kind == "coupled" else "decoupled"
    for kind, (verdict, does, _) in KINDS.items():
        if kind != model.decay_kind:
            words = f"its weight decay{_comma(does)} {does}; the reference's is {now}"
            yield Hypothesis(f"weight decay {verdict}", words, model.but(decay_kind=kind))
    for verdict, words, changes in (
        ("weight decay ignored", "its weight decay has no effect", {"decay_kind": "ignored"}),
        ("sign of the weight decay", "its weight decay pushes away from zero", {"decay": -model.decay}),
        ("weight decay twice", "its weight decay is applied twice", {"decay": 2 * model.decay}),
    ):
        yield Hypothesis(verdict, words, model.but(**changes))


def _comma(does: str) -> str:
    return "," if does.startswith("times") else ""


def measured(sound: list[Evidence]) -> Amounts:
    """How much weight decay of each kind would take the candidate where it went.

    Read off where decay alone moves x; and off a plain run, for rules that there take a step of one size, however
    small the gradient.
    """
    moved = [each for each in sound if each.parted and each.plain and each.scenario.start != 1]
    if not moved:
        return NONE
    read_off = moved[0], _longest(sound)
    amounts = dict[str, tuple[float, ...]]()
    for kind, each in itertools.product(KINDS, read_off):
        amount = _fitted(each, kind)
        if amount:
            amounts[kind] = amounts.get(kind, ()) + _typed(amount, each)
    return amounts


def _longest(sound: list[Evidence]) -> Evidence:
    """The longest plain run of at most a hundred steps."""
    usual = [each for each in sound if each.plain and not each.skips and each.scenario.lr_factors is None]
    return max(usual, key=lambda each: (each.scenario.steps <= 100, each.scenario.steps))


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
