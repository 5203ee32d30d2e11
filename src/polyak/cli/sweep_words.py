"""From words on the command line to a rule on its axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyak.cli.options import Options
from polyak.cli.rules import kind_from, rule_from
from polyak.cli.settings import settings_from
from polyak.ground.errors import PolyakError, plain, unknown
from polyak.sweeps.axes import axis_from
from polyak.sweeps.search_space import SearchSpace, known_settings, search_space
from polyak.sweeps.tuning_space import tuning_space


def plane_from(
    label: str, labels: Sequence[str], grid: Sequence[str], words: Sequence[str], options: Options
) -> SearchSpace:
    """One of the rules on its axes.

    Args:
        label: the rule, as typed.
        labels: all of the rules.
        grid: axes, name=axis, or rule.name=axis for one of several rules.
        words: other settings, --name value, or --rule.name value.
        options: of the command, and of the others.
    """
    own = _own(label, labels, {**_axes(grid)})
    axes = {name: axis_from(text) for name, text in own.items()}
    fixed = _own(label, labels, settings_from(words))
    twice = [name for name in axes if name in fixed]
    if twice:
        raise PolyakError(f"--{twice[0]} is a setting and an axis, give one of them")
    if not axes:
        raise PolyakError(f"{label} has no axis: say --grid lr=log:1e-3:1:50, or another of its settings")
    lows = {name: f"{float(axis.at(0.0))!r}" for name, axis in axes.items()}
    typed = [word for name, value in {**fixed, **lows}.items() for word in (f"--{name}", value)]
    rule = rule_from(label, typed, options)
    return search_space(rule, **{_spelled(rule, name): axis for name, axis in axes.items()})


def tuned_plane_from(label: str, labels: Sequence[str], grid: Sequence[str]) -> SearchSpace:
    """One of the rules on the ranges that it is tuned over, its own or those given."""
    own = {name: axis_from(text) for name, text in _own(label, labels, _axes(grid)).items()}
    kind = kind_from(label)
    spelled = {
        "learning_rate" if name == "lr" and _has(kind, "learning_rate") else name: axis
        for name, axis in own.items()
    }
    return tuning_space(kind, **spelled)


def refuse_twice(labels: Sequence[str]) -> None:
    """An error for a rule that is named twice: nothing would tell one from the other."""
    known = [plain(label) for label in labels]
    for label in labels:
        if known.count(plain(label)) > 1:
            raise PolyakError(f"{label} is named twice, expected each rule once")


def _has(rule: Any, setting: str) -> bool:
    return setting in known_settings(rule)[1]


def _axes(grid: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in grid:
        name, equals, axis = text.partition("=")
        if not equals or not name.strip():
            raise PolyakError(f"--grid '{text}', expected NAME=AXIS, such as lr=log:1e-3:1:100")
        key = _plain_key(name)
        if key in found:
            raise PolyakError(f"--grid {name} is given twice")
        found[key] = axis.strip()
    return found


def _own(label: str, labels: Sequence[str], settings: dict[str, str]) -> dict[str, str]:
    """The settings for one rule: those for all, overridden by those for it alone."""
    shared, alone = {}, {}
    for name, text in settings.items():
        rule, dot, setting = name.rpartition(".")
        if not dot:
            shared[name] = text
        elif plain(rule) not in [plain(known) for known in labels]:
            raise unknown("rule in an axis", rule, labels)
        elif plain(rule) == plain(label):
            alone[setting] = text
    return {**shared, **alone}


def _plain_key(name: str) -> str:
    rule, dot, setting = name.strip().rpartition(".")
    return f"{rule}{dot}{plain(setting)}"


def _spelled(rule: Any, name: str) -> str:
    """Optax's own name of the learning rate, where the terminal's is used."""
    settings = rule.settings()
    return "learning_rate" if name == "lr" and "lr" not in settings and "learning_rate" in settings else name
