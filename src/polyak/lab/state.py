"""All that a lab shows follows from its state: which rules with which settings, where, how far, on which data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.ground.numbers import readable
from polyak.lab.offer import Offer

MOST_RULES = 4
MOST_STEPS = 1000
MOST_BATCH = 512
MOST_EPOCHS = 20
MOST_SEEDS = 32
FARTHEST = 1e6  # coordinate of a start
TOUR = 8  # steps of the guided tour
SIGNALS = ("noisy", "alternating", "step")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Chosen:
    """A rule by its name in the lab, with its settings by name: numbers, and choices between conventions."""

    rule: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What a lab shows.

    Attributes:
        rules: one to four, each with its settings.
        active: which of them the sliders, the phase plane, the memory and the training are of, from 0.
        landscape: what is descended, by its name in the lab.
        start: where the descents begin, (x1, x2).
        steps: how many are taken, from 1 to 1000.
        shown: up to which step the trace is drawn.
        signal: the gradients that the memory averages, one of `SIGNALS`.
        data: what is trained on, by its name in the lab.
        batch_size, epochs, seeds: of the training.
        tour: the step of the guided tour, from 1 to 8; 0 where none is taken.
        language: of the page, one of `LANGUAGES`.
        dark: whether the page is dark, for a projector.
    """

    rules: tuple[Chosen, ...]
    active: int = 0
    landscape: str = "ravine"
    start: tuple[float, float] = (-5.0, -2.0)
    steps: int = 20
    shown: int = 20
    signal: str = "noisy"
    data: str = "diabetes"
    batch_size: int = 10
    epochs: int = 2
    seeds: int = 8
    tour: int = 0
    language: str = "en"
    dark: bool = False

    @property
    def current(self) -> Chosen:
        """The rule that the sliders set."""
        return self.rules[self.active]

    def with_settings(self, at: int | None = None, /, **settings: Any) -> State:
        """The state with some settings of the active rule changed, or of that at another place."""
        rules = list(self.rules)
        at = self.active if at is None else at
        rules[at] = Chosen(rules[at].rule, {**rules[at].settings, **settings})
        return replace(self, rules=tuple(rules))


def checked(state: State, offer: Offer) -> State:
    """The state if this lab can show it; every number within its limits, every name among the lab's own.

    Raises PolyakError, one line on what was wrong, for anything else.
    """
    if not 1 <= len(state.rules) <= MOST_RULES:
        raise PolyakError(f"{len(state.rules)} rules at once, expected 1 to {MOST_RULES}")
    rules = tuple(_checked_rule(chosen, offer) for chosen in state.rules)
    for kind, name, known in (
        ("landscape", state.landscape, offer.landscapes),
        ("data", state.data, offer.problems),
        ("signal", state.signal, SIGNALS),
        ("language", state.language, LANGUAGES),
    ):
        if not isinstance(name, str) or name not in known:
            raise unknown(kind, str(name), known)
    if not isinstance(state.dark, bool):
        raise PolyakError(f"dark is {state.dark!r}, expected true or false")
    steps = whole_number("steps", state.steps, at_least=1, at_most=MOST_STEPS)
    return replace(
        state,
        rules=rules,
        active=whole_number("active", state.active, at_least=0, at_most=len(rules) - 1),
        start=_checked_start(state.start),
        steps=steps,
        shown=min(whole_number("shown", state.shown, at_least=0, at_most=MOST_STEPS), steps),
        batch_size=whole_number("batch_size", state.batch_size, at_least=1, at_most=MOST_BATCH),
        epochs=whole_number("epochs", state.epochs, at_least=1, at_most=MOST_EPOCHS),
        seeds=whole_number("seeds", state.seeds, at_least=1, at_most=MOST_SEEDS),
        tour=whole_number("tour", state.tour, at_least=0, at_most=TOUR),
    )


def _checked_rule(chosen: Chosen, offer: Offer) -> Chosen:
    kind = offer.kind(chosen.rule)
    kind.rule(chosen.settings)
    return Chosen(kind.name, dict(chosen.settings))


def _checked_start(start: Any) -> tuple[float, float]:
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
