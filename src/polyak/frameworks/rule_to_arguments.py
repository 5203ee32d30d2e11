"""From what an optimizer means to a framework's arguments for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyak.frameworks.arguments_to_rule import read, same
from polyak.frameworks.spelling import OF_A_MEANING, REQUIRED, Argument, Form, Meaning, Spelling
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable


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
    settings = {**meaning.rule.settings(), **around}
    values = {argument.name: _value(spelling, form, argument, settings) for argument in spelling.arguments}
    arguments = {name: value for name, value in values.items() if value is not None}
    try:
        there = read(spelling, arguments)
    except PolyakError:
        return None
    return (
        None if type(there.rule) is not form.rule else Written(arguments, there, _differences(there, meaning))
    )


def _differences(there: Meaning, meaning: Meaning) -> tuple[str, ...]:
    """In words, the rule's settings that are others there."""
    theirs, ours = there.rule.settings(), meaning.rule.settings()
    return tuple(
        _difference(name, theirs[name], value)
        for name, value in ours.items()
        if name not in OF_A_MEANING and not same(theirs[name], value)
    )


def _value(spelling: Spelling, form: Form, argument: Argument, settings: Mapping[str, Any]) -> object:
    """The value of one argument; None where it is left at its default."""
    names = spelling.stands_for(form, argument)
    literal = form.when.get(argument.name)
    if literal is not None and not callable(literal):
        value = literal
    elif argument.free or not names or names[0] not in settings:
        return None
    else:
        value = _set(spelling, argument, [settings[name] for name in names], settings)
    at_default = argument.default is not REQUIRED and same(value, argument.default)
    return None if at_default and not _is_shown(argument) else value


def _set(spelling: Spelling, argument: Argument, values: list[Any], settings: Mapping[str, Any]) -> object:
    """The value of an argument that stands for settings of ours with these values."""
    if argument.setting == "weight_decay" and not _decays_alike(spelling, settings):
        return 0.0
    if argument.values:
        return next((word for word, meant in argument.values.items() if meant == values[0]), None)
    return tuple(values) if isinstance(argument.setting, tuple) else values[0]


def _is_shown(argument: Argument) -> bool:
    """Whether an argument is given at its default too: every number of the rule is."""
    return bool(argument.setting) and not {*argument.settings} & {*OF_A_MEANING} and not argument.values


def _decays_alike(spelling: Spelling, settings: Mapping[str, Any]) -> bool:
    """Whether the argument for weight decay means what is asked for: the two kinds are one without momentum."""
    chosen = any(argument.setting == "decay_kind" for argument in spelling.arguments)
    without_memory = set(settings) == {"lr", *OF_A_MEANING}
    return chosen or settings["decay_kind"] == spelling.decay or without_memory


def _difference(name: str, theirs: object, ours: object) -> str:
    if name == "lr_in_velocity":
        return f"its velocity {'holds the learning rate' if theirs else 'does not hold the learning rate'}"
    return f"{name} is {_shown(theirs)} there, not {_shown(ours)}"


def _shown(value: object) -> str:
    return readable(value, 6) if isinstance(value, float) else str(value)
