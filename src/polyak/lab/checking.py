"""A state from outside, a link or a widget: every number within its limits, every name among the lab's own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.ground.numbers import readable
from polyak.lab.fields import switch, word
from polyak.lab.offer import Offer
from polyak.lab.panel import own_fields
from polyak.lab.state import Chosen, State, Value
from polyak.lab.words import LANGUAGES

MOST_RULES = 4
MOST_STEPS = 1000
FARTHEST = 1e6  # coordinate of a start


def checked(state: State, offer: Offer) -> State:
    """The state if this lab can show it, with what each panel's fields begin with where nothing is said.

    Raises PolyakError, one line on what was wrong, for anything else.
    """
    if not 1 <= len(state.rules) <= MOST_RULES:
        raise PolyakError(f"{len(state.rules)} rules at once, expected 1 to {MOST_RULES}")
    rules = tuple(_checked_rule(chosen, offer) for chosen in state.rules)
    steps = whole_number("steps", state.steps, at_least=1, at_most=MOST_STEPS)
    return replace(
        state,
        rules=rules,
        active=whole_number("active", state.active, at_least=0, at_most=len(rules) - 1),
        landscape=word("landscape", state.landscape, offer.landscapes),
        start=_checked_start(state.start),
        steps=steps,
        shown=min(whole_number("shown", state.shown, at_least=0, at_most=MOST_STEPS), steps),
        language=word("language", state.language, LANGUAGES),
        dark=switch("dark", state.dark),
        own=_checked_own(state, offer),
    )


def _checked_own(state: State, offer: Offer) -> dict[str, Value]:
    fields = own_fields()
    for name in state.own:
        if name not in fields:
            raise unknown("part of a state", name, fields)
    return {
        name: field.checked(state.own[name], offer) if name in state.own else field.begin(offer)
        for name, field in fields.items()
    }


def _checked_rule(chosen: Chosen, offer: Offer) -> Chosen:
    kind = offer.kind(chosen.rule)
    kind.rule(chosen.settings)
    return Chosen(kind.name, dict(chosen.settings))


def _checked_start(start: Any) -> tuple[float, float]:  # noqa: ANN401
    expected = f"expected two numbers from {readable(-FARTHEST, 6)} to {readable(FARTHEST, 6)}"
    try:
        first, second = start
        point = float(first), float(second)
    except (TypeError, ValueError, OverflowError):
        raise PolyakError(f"start is {start!r}, {expected}") from None
    if any(isinstance(value, str | bool) for value in start):
        raise PolyakError(f"start is {start!r}, {expected}")
    if not all(math.isfinite(value) and abs(value) <= FARTHEST for value in point):
        raise PolyakError(f"start is {point}, {expected}")
    return point
