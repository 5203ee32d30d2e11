"""From a framework's arguments to what they mean, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from polyak.ground.numbers import readable


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
    settings: dict[str, Any] = {"decay_kind": spelling.decay or "coupled"}
    for argument in spelling.arguments:
        names = spelling.stands_for(form, argument)
        values = _parts(spelling, argument, arguments[argument.name], len(names)) if names else ()
        settings.update(zip(names, values, strict=True))
    of_rule = _fields(form.rule)
    own = {name: value for name, value in settings.items() if name in of_rule and name not in OF_A_MEANING}
    around = {name: value for name, value in settings.items() if name in OF_A_MEANING}
    strength = around.get("weight_decay", 0.0)
    if (
        isinstance(strength, bool)
        or not isinstance(strength, int | float)
        or not 0 <= strength < float("inf")
    ):
        raise PolyakError(f"{spelling.name}: weight decay is {strength!r}, expected a number in [0, inf)")
    if not strength:
        around = {**around, "weight_decay": 0.0, "decay_kind": "coupled"}  # of no decay there is one kind
    try:
        return Meaning(form.rule.from_settings(**{**form.fixed, **own}), **around)
    except PolyakError as error:
        raise PolyakError(f"{spelling.name} is {error}") from None


def completed(spelling: Spelling, given: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments, those given and the defaults of the rest, each of its kind and one that a rule of ours has."""
    for name in given:
        if name not in spelling.defaults:
            raise _unknown_argument(spelling, name)
    missing = [
        name for name, default in spelling.defaults.items() if default is REQUIRED and name not in given
    ]
    if missing:
        raise PolyakError(f"{spelling.name} needs {missing[0]}")
    for argument in spelling.arguments:
        value = given.get(argument.name, argument.default)
        if isinstance(argument.default, bool) and not isinstance(value, bool) and not argument.free:
            raise PolyakError(f"{spelling.name}: {argument.name} is {value!r}, expected True or False")
        bound = argument.free or argument.name in spelling.telling
        if not bound and value != argument.default:
            raise PolyakError(
                f"{spelling.name}: no rule of ours has {argument.name}, expected its default, {argument.default}"
            )
    return {**spelling.defaults, **given}


@dataclass(frozen=True)
class Written:
    """A meaning in a framework's arguments.

    Attributes:
        arguments: those to be given.
        meaning: what they mean there; its rule differs from what was asked for where the form has no choice.
        differences: in words, the settings that had to be others.
    """

    arguments: dict[str, Any]
    meaning: Meaning
    differences: tuple[str, ...]


def written(spelling: Spelling, form: Form, meaning: Meaning) -> Written | None:
    """A meaning in the words of one form of a spelling; None where the form is another rule.

    What goes around the rule (weight decay, maximizing) is written where there is an argument for it, and otherwise
    left out: the meaning returned says which.
    """
    if type(meaning.rule) is not form.rule:
        return None
    around = {name: getattr(meaning, name) for name in OF_A_MEANING}
    settings = {
        **meaning.rule.settings(),
        **{name: value for name, value in around.items() if value is not None},
    }
    arguments: dict[str, Any] = {}
    for argument in spelling.arguments:
        value = _value(spelling, form, argument, settings)
        if value is not None:
            arguments[argument.name] = value
    try:
        found = read(spelling, arguments)
    except PolyakError:
        return None
    if type(found.rule) is not form.rule:
        return None
    theirs, ours = found.rule.settings(), meaning.rule.settings()
    differences = tuple(
        _difference(name, theirs[name], value)
        for name, value in ours.items()
        if not _same(theirs[name], value) and name not in OF_A_MEANING
    )
    return Written(arguments, found, differences)


def _value(spelling: Spelling, form: Form, argument: Argument, settings: Mapping[str, Any]) -> Any:
    """The value of one argument; None where it is left at its default."""
    names = spelling.stands_for(form, argument)
    literal = form.when.get(argument.name)
    if literal is not None and not callable(literal):
        found = literal
    elif argument.free or not names or names[0] not in settings:
        return None
    elif names[0] == "weight_decay" and not _decays_alike(spelling, settings):
        found = 0.0
    elif argument.values:
        found = next((said for said, meant in argument.values.items() if meant == settings[names[0]]), None)
    else:
        found = tuple(settings[name] for name in names)
        found = found if isinstance(argument.setting, tuple) else found[0]
    always = argument.setting and not {*argument.settings} & {*OF_A_MEANING} and not argument.values
    stays = argument.default is not REQUIRED and _same(found, argument.default) and not always
    return None if stays else found


def _decays_alike(spelling: Spelling, settings: Mapping[str, Any]) -> bool:
    """Whether the argument for weight decay means what is asked for: the two kinds are one without momentum."""
    chosen = any(argument.setting == "decay_kind" for argument in spelling.arguments)
    without_memory = set(settings) == {"lr", *OF_A_MEANING}
    return chosen or settings["decay_kind"] == spelling.decay or without_memory


def _holds(form: Form, arguments: Mapping[str, Any]) -> bool:
    return all(
        test(arguments[name]) if callable(test) else _same(arguments[name], test)
        for name, test in form.when.items()
    )


def _same(value: Any, other: Any) -> bool:
    """None is a number's 0 where a framework switches something off by it."""
    if value is None or other is None:
        return not value and not other
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _parts(spelling: Spelling, argument: Argument, value: Any, count: int) -> tuple[Any, ...]:
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


def _unknown_argument(spelling: Spelling, name: str) -> PolyakError:
    """An error that names the framework's own word, where another's was used."""
    known = spelling.defaults
    elsewhere = {
        setting
        for row in SPELLINGS.values()
        for argument in row.arguments
        if argument.name == name
        for setting in argument.settings
    }
    meant = next((a.name for a in spelling.arguments if elsewhere & {*a.settings}), None)
    if meant is not None:
        return PolyakError(f"unknown argument of {spelling.name} '{name}': there it is called '{meant}'")
    return unknown(f"argument of {spelling.name}", name, known)


def _fields(rule: Any) -> list[str]:
    return [*rule.hyperparameters(), *rule.choices()]


def _difference(name: str, theirs: Any, ours: Any) -> str:
    if name == "lr_in_velocity":
        return f"its velocity {'holds the learning rate' if theirs else 'does not hold the learning rate'}"
    return f"{name} is {_shown(theirs)} there, not {_shown(ours)}"


def _shown(value: Any) -> str:
    return readable(value, 6) if isinstance(value, float) else str(value)
