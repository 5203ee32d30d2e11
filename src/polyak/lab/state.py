"""All that a lab shows follows from its state: which rules with which settings, where, how far, and what panels add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

Value: TypeAlias = str | bool | int | float
"""What a link may hold for a setting, or for a panel's field."""


@dataclass(frozen=True)
class Chosen:
    """A rule by its name in the lab, with its settings by name: numbers, and choices between conventions."""

    rule: str
    settings: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What a lab shows.

    Attributes:
        rules: one to four, each with its settings.
        active: which of them the sliders and most panels are of, from 0.
        landscape: what is descended, by its name in the lab.
        start: where the descents begin, (x1, x2).
        steps: how many are taken, from 1 to 1000.
        shown: up to which step the trace is drawn.
        language: of the page, one of `LANGUAGES`.
        dark: whether the page is dark, for a projector.
        own: what panels add, by the names of their fields; what is left out is as the panel begins.
    """

    rules: tuple[Chosen, ...]
    active: int = 0
    landscape: str = "ravine"
    start: tuple[float, float] = (-5.0, -2.0)
    steps: int = 20
    shown: int = 20
    language: str = "en"
    dark: bool = False
    own: Mapping[str, Value] = field(default_factory=dict)

    @property
    def current(self) -> Chosen:
        """The rule that the sliders set."""
        return self.rules[self.active]

    def changed(self, **changes: object) -> State:
        """The state with other values, of its own attributes or of panels' fields."""
        attributes: dict[str, Any] = {name: new for name, new in changes.items() if name in ATTRIBUTES}
        own: dict[str, Any] = {name: new for name, new in changes.items() if name not in ATTRIBUTES}
        return replace(self, own={**self.own, **own}, **attributes)

    def with_settings(self, at: int | None = None, /, **settings: Value) -> State:
        """The state with some settings of the active rule changed, or of that at another place."""
        rules = list(self.rules)
        at = self.active if at is None else at
        rules[at] = Chosen(rules[at].rule, {**rules[at].settings, **settings})
        return replace(self, rules=tuple(rules))


ATTRIBUTES = {field.name for field in fields(State)} - {"own"}
