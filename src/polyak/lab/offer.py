"""What a lab has to choose from: rules, landscapes and problems by name; a page can refer to nothing else."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from polyak.ground.errors import PolyakError, unknown
from polyak.lab.scales import Scale, scale
from polyak.landscapes import CATALOGUE as LANDSCAPES
from polyak.landscapes import Landscape
from polyak.problems import Problem, problem_of
from polyak.rules import CATALOGUE as RULES
from polyak.rules import Rule, as_rule

LARGEST = sys.float_info.max
FIRST_NUMBER = 0.5  # of a setting that says neither where it begins nor a default


@dataclass(frozen=True)
class Control:
    """A number that a slider sets."""

    name: str
    symbol: str
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
    make: Callable[..., Any]
    controls: tuple[Control, ...]
    choices: Mapping[str, tuple[Any, ...]]
    begin: Mapping[str, Any]
    spelled: str

    def rule(self, settings: Mapping[str, Any]) -> Any:
        """The rule with these settings; those that are not given as they begin."""
        for name in settings:
            if name not in self.begin:
                raise unknown(f"setting of {self.name}", name, self.begin)
        return self.make(**{**self.begin, **settings})


@dataclass(frozen=True, eq=False)
class Offer:
    """The rules, landscapes and problems of one lab. A problem is made when it is first asked for.

    `spelled` says what stands for a landscape of the user's own at the terminal, such as my_function.py:f.
    """

    rules: Mapping[str, Kind]
    landscapes: Mapping[str, Landscape]
    problems: Mapping[str, Callable[[], Problem]]
    spelled: Mapping[str, str] = field(default_factory=dict)

    def kind(self, name: str) -> Kind:
        """The rule of that name, its settings free."""
        if name not in self.rules:
            raise unknown("rule", name, self.rules)
        return self.rules[name]

    def rule(self, chosen: Any) -> Any:
        """A rule with its settings."""
        return self.kind(chosen.rule).rule(chosen.settings)


def kind_of(cls: type[Rule], spelled: str | None = None) -> Kind:
    """A rule's class with its numbers and choices free."""
    name = cls.name()
    begin: dict[str, Any] = {}
    defaults = {known.name: known.default for known in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for setting, about in cls.hyperparameters().items():
        given = FIRST_NUMBER if defaults[setting] is dataclasses.MISSING else defaults[setting]
        begin[setting] = given if about.begin is None else about.begin
    begin |= {setting: defaults[setting] for setting in cls.choices()}
    controls = tuple(
        Control(setting, about.symbol, about.meaning, *about.interval.ends)
        for setting, about in cls.hyperparameters().items()
    )
    choices = {setting: about.options for setting, about in cls.choices().items()}
    return Kind(name, cls.from_settings, controls, choices, begin, spelled or name)


def kind_like(rule: Any, spelled: str | None = None) -> Kind:
    """A rule with its settings: its plain numbers are free, what else it has stays as it is."""
    rule = as_rule(rule)
    settings = rule.settings() if hasattr(rule, "settings") else {}
    if isinstance(rule, Rule) and not rule.schedules():
        found = kind_of(type(rule), spelled)
        return dataclasses.replace(found, begin={**found.begin, **settings})
    about = rule.hyperparameters() if isinstance(rule, Rule) else {}
    begin = {
        name: float(value)
        for name, value in settings.items()
        if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool))
    }
    if not hasattr(rule, "replace"):
        begin = {}
    controls = tuple(
        Control(name, about[name].symbol, about[name].meaning, *about[name].interval.ends)
        if name in about
        else Control(name, "", name.replace("_", " "), 0.0, _guessed_end(name, value))
        for name, value in begin.items()
    )
    name = rule.name() if hasattr(rule, "name") else type(rule).__name__
    make = _with_numbers(rule) if begin else lambda: rule
    return Kind(name, make, controls, {}, begin, spelled or name)


def _with_numbers(rule: Any) -> Callable[..., Any]:
    """The rule with other numbers; what is none is refused here, for not every rule looks at what it is given."""

    def make(**settings: Any) -> Any:
        for name, value in settings.items():
            finite = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
            if not finite:
                raise PolyakError(f"{name} is {value!r}, expected a finite number")
        return rule.replace(**{name: float(value) for name, value in settings.items()})

    return make


def _guessed_end(name: str, value: float) -> float:
    """A page's number has no range of its own: rates and eps may be anything, what lies below 1 stays there."""
    anything = any(part in name for part in ("lr", "rate", "eta", "eps", "decay")) and "beta" not in name
    return float("inf") if anything or not 0 <= value < 1 else 1.0


def offer(
    kinds: Mapping[str, Kind] | None = None,
    landscapes: Mapping[str, Landscape] | None = None,
    problems: Mapping[str, Callable[[], Problem]] | None = None,
    spelled: Mapping[str, str] | None = None,
) -> Offer:
    """Everything that Polyak brings, and what was given beside."""
    plane = {name: found for name, found in LANDSCAPES.items() if found.dimension == 2}
    return Offer(
        {**{name: kind_of(cls) for name, cls in RULES.items()}, **(kinds or {})},
        {**plane, **(landscapes or {})},
        {**_problems(), **(problems or {})},
        spelled or {},
    )


def plane_only(landscape: Landscape) -> Landscape:
    """The landscape, if it can be drawn."""
    if landscape.dimension != 2:
        raise PolyakError(f"{landscape.name} has {landscape.dimension} coordinates, the lab draws 2")
    return landscape


@cache
def _problems() -> dict[str, Callable[[], Problem]]:
    """The data at hand without a network, each with the problem that suits its labels."""
    from polyak import data
    from polyak.data.airfoil import at_hand

    def made(name: str) -> Callable[[], Problem]:
        return cache(lambda: problem_of(data.CATALOGUE[name]()))

    return {name: made(name) for name in data.CATALOGUE if name != "airfoil" or at_hand()}
