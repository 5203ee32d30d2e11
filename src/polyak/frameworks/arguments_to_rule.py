"""From a framework's arguments to what they mean: a rule of ours, and what is done around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from polyak.frameworks.catalogue import SPELLINGS
from polyak.frameworks.spelling import (
    OF_A_MEANING,
    REQUIRED,
    Argument,
    Form,
    Meaning,
    Spelling,
)
from polyak.ground.errors import PolyakError, unknown


def read(spelling: Spelling, given: Mapping[str, Any]) -> Meaning:
    """What a framework's optimizer means with these arguments, the rest at their defaults.

    Raises PolyakError for an argument that is not known, is missing, or that no rule of ours has.

    >>> from polyak.frameworks.catalogue import find
    >>> str(read(find("keras:SGD"), {"learning_rate": 0.5, "momentum": 0.75}))
    'heavy_ball(lr=0.5, momentum=0.75, lr_in_velocity=True)'
    """
    arguments = completed(spelling, given)
    form = next((form for form in spelling.forms if _holds(form, arguments)), None)
    if form is None:
        shown = ", ".join(f"{name}={value!r}" for name, value in given.items())
        raise PolyakError(f"{spelling.name}({shown}) is no rule of ours: {spelling.needs}")
    settings = _settings(spelling, form, arguments)
    around = {name: settings.pop(name) for name in OF_A_MEANING if name in settings}
    if not _decay(spelling, around.get("weight_decay", 0.0)):
        around |= {"weight_decay": 0.0, "decay_kind": "coupled"}  # of no decay there is one kind
    own = {*form.rule.hyperparameters(), *form.rule.choices()}
    numbers = {name: value for name, value in settings.items() if name in own}
    try:
        return Meaning(form.rule.from_settings(**{**form.fixed, **numbers}), **around)
    except PolyakError as error:
        raise PolyakError(f"{spelling.name} is {error}") from None


def _settings(spelling: Spelling, form: Form, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the arguments set, under our names."""
    settings: dict[str, Any] = {"decay_kind": spelling.decay or "coupled"}
    for argument in spelling.arguments:
        names = spelling.stands_for(form, argument)
        if names:
            values = _parts(spelling, argument, arguments[argument.name], len(names))
            settings.update(zip(names, values, strict=True))
    return settings


def _decay(spelling: Spelling, strength: object) -> float:
    """A weight decay that is one."""
    number = not isinstance(strength, bool) and isinstance(strength, int | float)
    if not (number and 0 <= float(cast("float", strength)) < math.inf):
        raise PolyakError(f"{spelling.name}: weight decay is {strength!r}, expected a number in [0, inf)")
    return float(cast("float", strength))


def completed(spelling: Spelling, given: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments, those given and the defaults of the rest, each of its kind and one that a rule of ours has."""
    strange = next((name for name in given if name not in spelling.defaults), None)
    if strange is not None:
        raise _unknown_argument(spelling, strange)
    for name, default in spelling.defaults.items():
        if default is REQUIRED and name not in given:
            raise PolyakError(f"{spelling.name} needs {name}")
    for argument in spelling.arguments:
        if not argument.free:
            _check(spelling, argument, given.get(argument.name, argument.default))
    return {**spelling.defaults, **given}


def _check(spelling: Spelling, argument: Argument, value: object) -> None:
    """Refuse a value of another kind, and one that no rule of ours has."""
    if isinstance(argument.default, bool) and not isinstance(value, bool):
        raise PolyakError(f"{spelling.name}: {argument.name} is {value!r}, expected True or False")
    if argument.name not in spelling.telling and value != argument.default:
        raise PolyakError(
            f"{spelling.name}: no rule of ours has {argument.name}, expected its default, {argument.default}"
        )


def _holds(form: Form, arguments: Mapping[str, Any]) -> bool:
    return all(
        test(arguments[name]) if callable(test) else same(arguments[name], test)
        for name, test in form.when.items()
    )


def same(value: object, other: object) -> bool:
    """None is a number's 0 where a framework switches something off by it."""
    if value is None or other is None:
        return not value and not other
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _parts(spelling: Spelling, argument: Argument, value: object, count: int) -> tuple[Any, ...]:
    """An argument's value as the values of `count` settings."""
    if argument.values:
        if value not in argument.values:
            raise PolyakError(f"{spelling.name}: {argument.name} is {value!r}, expected {_options(argument)}")
        return (argument.values[value],)
    if isinstance(argument.setting, tuple):
        if not isinstance(value, tuple | list) or len(value) != count:
            raise PolyakError(f"{spelling.name}: {argument.name} is {value!r}, expected {count} numbers")
        return tuple(value)
    if value is None and "lr" in argument.settings:
        raise PolyakError(f"{spelling.name} needs {argument.name}: without it the steps go uphill")
    return (0.0 if value is None else value,)


def _options(argument: Argument) -> str:
    return " or ".join(repr(value) for value in argument.values)


def called_there(spelling: Spelling, name: str) -> str | None:
    """What an optimizer calls the argument that others call so; None where it has none that means the same.

    >>> from polyak.frameworks.catalogue import find
    >>> called_there(find("keras:SGD"), "lr"), called_there(find("keras:SGD"), "eps")
    ('learning_rate', None)
    """
    arguments = (argument for row in SPELLINGS.values() for argument in row.arguments)
    elsewhere = {setting for argument in arguments if argument.name == name for setting in argument.settings}
    return next((a.name for a in spelling.arguments if elsewhere & {*a.settings}), None)


def _unknown_argument(spelling: Spelling, name: str) -> PolyakError:
    """An error that names the framework's own word, where another's was used."""
    meant = called_there(spelling, name)
    if meant is not None:
        return PolyakError(f"unknown argument of {spelling.name} '{name}': there it is called '{meant}'")
    return unknown(f"argument of {spelling.name}", name, spelling.defaults)
