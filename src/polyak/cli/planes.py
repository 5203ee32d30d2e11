"""From words on the command line to a rule on its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from polyak.cli.answers import of, print_json
from polyak.cli.rules import kind_from, rule_from
from polyak.cli.settings import settings_from
from polyak.cli.typed import Typed
from polyak.ground.errors import PolyakError, plain, unknown
from polyak.sweeps.axes import Axis, axis_from
from polyak.sweeps.search_space import SearchSpace, known_settings, search_space
from polyak.sweeps.tuning_space import tuning_space

if TYPE_CHECKING:
    import xarray as xr


def planes_from(names: str, grid: Sequence[str], typed: Typed) -> list[SearchSpace]:
    """Each of several rules, parted by commas, on its axes: what is given for all, and what is given for it alone."""
    labels = [name.strip() for name in names.split(",") if name.strip()]
    if not labels:
        raise PolyakError("which rule? it comes first, such as heavy_ball (polyak rules lists them)")
    refuse_twice(labels)
    return [plane_from(label, labels, grid, typed) for label in labels]


def say_best(result: xr.Dataset | xr.DataTree, as_json: bool = False) -> None:
    """The best cell of each rule of a sweep, with a note where some cells are not there yet."""
    from polyak.sweeps import best
    from polyak.sweeps.results import by_rule

    cells = best(result)
    if unfinished := sum(int(plane.attrs.get("unfinished_chunks", 0)) for plane in by_rule(result).values()):
        what = f"{unfinished} chunks of the sweep are not there yet: their cells count as diverged"
        typer.echo(f"polyak: note: {what}", err=True)
    found = cells if isinstance(cells, dict) else {cells.rule: cells}
    if as_json:
        print_json({name: of(cell) for name, cell in found.items()})
        return
    for cell in found.values():
        typer.echo(cell)


def plane_from(label: str, labels: Sequence[str], grid: Sequence[str], typed: Typed) -> SearchSpace:
    """One of the rules on its axes.

    Args:
        label: the rule, as typed.
        labels: all of the rules.
        grid: axes, name=axis, or rule.name=axis for one of several rules.
        typed: other settings, --name value, or --rule.name value.
    """
    axes = {name: axis_from(text) for name, text in _own(label, labels, _axes(grid)).items()}
    fixed = _own(label, labels, settings_from(typed.words))
    twice = [name for name in axes if name in fixed]
    if twice:
        raise PolyakError(f"--{twice[0]} is a setting and an axis, give one of them")
    if not axes:
        raise PolyakError(f"{label} has no axis: say --grid lr=log:1e-3:1:50, or another of its settings")
    lows = {name: f"{float(axis.at(0.0))!r}" for name, axis in axes.items()}
    words = [word for name, value in {**fixed, **lows}.items() for word in (f"--{name}", value)]
    rule = rule_from(label, replace(typed, words=words))
    return search_space(rule, **_spelled(axes, list(rule.settings())))


def tuned_plane_from(label: str, labels: Sequence[str], grid: Sequence[str]) -> SearchSpace:
    """One of the rules on the ranges that it is tuned over, its own or those given."""
    own = {name: axis_from(text) for name, text in _own(label, labels, _axes(grid)).items()}
    kind = kind_from(label)
    return tuning_space(kind, **_spelled(own, known_settings(kind)[1]))


def tuned_plane_beside(label: str, grid: Sequence[str], typed: Typed) -> SearchSpace:
    """A rule on the ranges that it is tuned over, its own or those given, beside settings that are typed as numbers."""
    fixed = settings_from(typed.words)
    axes = {
        name: axis for name, axis in tuned_plane_from(label, [label], grid).axes.items() if name not in fixed
    }
    lows = {name: f"{float(axis.at(0.0))!r}" for name, axis in axes.items()}
    words = [word for name, value in {**fixed, **lows}.items() for word in (f"--{name}", value)]
    rule = rule_from(label, replace(typed, words=words))
    if not axes:
        raise PolyakError(f"{label} has no range left to tune, every one of its settings is given")
    return search_space(rule, **axes)


def refuse_twice(labels: Sequence[str]) -> None:
    """An error for a rule that is named twice: nothing would tell one from the other."""
    known = [plain(label) for label in labels]
    for label in labels:
        if known.count(plain(label)) > 1:
            raise PolyakError(f"{label} is named twice, expected each rule once")


def _axes(grid: Sequence[str]) -> dict[str, str]:
    axes: dict[str, str] = {}
    for text in grid:
        name, equals, axis = text.partition("=")
        if not equals or not name.strip():
            raise PolyakError(f"--grid '{text}', expected NAME=AXIS, such as lr=log:1e-3:1:100")
        key = _plain_key(name)
        if key in axes:
            raise PolyakError(f"--grid {name} is given twice")
        axes[key] = axis.strip()
    return axes


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


def _spelled(axes: dict[str, Axis], settings: Sequence[str]) -> dict[str, Axis]:
    """The axes by the rule's own names: Optax's of the learning rate, where the terminal's is used."""
    optax = "lr" not in settings and "learning_rate" in settings
    return {"learning_rate" if name == "lr" and optax else name: axis for name, axis in axes.items()}
