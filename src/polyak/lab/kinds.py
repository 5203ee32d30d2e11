"""A rule whose settings are free: what the sliders and the lists of a page set."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from polyak.ground.errors import PolyakError, unknown
from polyak.lab.scales import Scale, scale
from polyak.lab.state import Value
from polyak.rules import Rule, as_rule
from polyak.rules.protocol import Optimizer

LARGEST = sys.float_info.max
FIRST_NUMBER = 0.5  # of a setting that says neither where it begins nor a default

Make: TypeAlias = Callable[..., Optimizer]


@dataclass(frozen=True)
class Control:
    """A number that a slider sets."""

    name: str
    meaning: str
    low: float
    high: float

    def scale(self, value: float) -> Scale:
        """The natural scale of its slider."""
        return scale(self.name, self.low, self.high, value)


@dataclass(frozen=True, eq=False)
class Kind:
    """A rule whose settings are free.

    Attributes:
        name: in the lab.
        make: settings by name -> the rule, or a PolyakError.
        controls: its numbers.
        choices: its named choices, and what each may be.
        begin: the settings that it begins with.
        spelled: what stands for it at the terminal, such as my_rule.py:f; its name where it is one of ours.
    """

    name: str
    make: Make
    controls: tuple[Control, ...]
    choices: Mapping[str, tuple[Value, ...]]
    begin: Mapping[str, Value]
    spelled: str

    def rule(self, settings: Mapping[str, Value]) -> Optimizer:
        """The rule with these settings; those that are not given as they begin."""
        for name in settings:
            if name not in self.begin:
                raise unknown(f"setting of {self.name}", name, self.begin)
        return self.make(**{**self.begin, **settings})


def kind_of(cls: type[Rule], spelled: str | None = None) -> Kind:
    """A rule's class with its numbers and choices free."""
    begin: dict[str, Value] = {}
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]
    defaults: dict[str, Any] = {part.name: part.default for part in fields}
    for setting, about in cls.hyperparameters().items():
        default = FIRST_NUMBER if defaults[setting] is dataclasses.MISSING else defaults[setting]
        begin[setting] = default if about.begin is None else about.begin
    begin |= {setting: defaults[setting] for setting in cls.choices()}
    controls = tuple(_control(cls, setting) for setting in cls.hyperparameters())
    choices = {setting: about.options for setting, about in cls.choices().items()}
    return Kind(cls.name(), cls.from_settings, controls, choices, begin, spelled or cls.name())


def kind_like(rule: object, spelled: str | None = None) -> Kind:
    """A rule with its settings: its plain numbers are free, what else it has stays as it is."""
    optimizer = as_rule(rule)
    settings = optimizer.settings()
    if isinstance(optimizer, Rule) and not optimizer.schedules():
        kind = kind_of(type(optimizer), spelled)
        return dataclasses.replace(kind, begin={**kind.begin, **settings})
    begin: dict[str, Value] = {name: float(value) for name, value in settings.items() if _is_number(value)}
    controls = tuple(_control(type(optimizer), name, float(value)) for name, value in begin.items())
    name = optimizer.name()
    return Kind(name, _with_numbers(optimizer), controls, {}, begin, spelled or name)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _control(cls: type, name: str, value: float = 0.0) -> Control:
    """A number with the range that its rule gives it; a page's number has none of its own."""
    about = cls.hyperparameters().get(name) if issubclass(cls, Rule) else None
    if about is not None:
        return Control(name, about.meaning, *about.interval.ends)
    return Control(name, name.replace("_", " "), 0.0, _guessed_end(name, value))


def _with_numbers(rule: Optimizer) -> Make:
    """The rule with other numbers; what is none is refused here, for not every rule looks at what it is given."""

    def make(**settings: Value) -> Optimizer:
        for name, value in settings.items():
            if isinstance(value, str) or not _is_number(value) or not abs(value) <= LARGEST:
                raise PolyakError(f"{name} is {value!r}, expected a finite number")
        numbers = {name: float(value) for name, value in settings.items()}
        return rule.replace(**numbers) if numbers else rule

    return make


def _guessed_end(name: str, value: float) -> float:
    """Rates and eps may be anything, what lies below 1 stays there."""
    anything = any(part in name for part in ("lr", "rate", "eta", "eps", "decay")) and "beta" not in name
    return float("inf") if anything or not 0 <= value < 1 else 1.0
