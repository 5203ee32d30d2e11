"""The settings of a rule as words on the command line, and what they stand for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from polyak.cli.command import number_or_word
from polyak.cli.typed import Typed
from polyak.ground.errors import PolyakError, nearest, plain

if TYPE_CHECKING:
    from polyak.rules import Rule
    from polyak.rules.hyperparameters import Choice

FLAGS = {"true": True, "yes": True, "false": False, "no": False}


def settings_from(words: Sequence[str]) -> dict[str, str]:
    """`--beta1 0.9 --centered` as {"beta1": "0.9", "centered": "true"}.

    >>> settings_from(["--beta1", "0.9", "--eps=1e-6", "--centered"])
    {'beta1': '0.9', 'eps': '1e-6', 'centered': 'true'}
    """
    settings: dict[str, str] = {}
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        if not word.startswith("--"):
            raise PolyakError(f"'{word}' is one word too many; settings are given as --name value")
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = remaining.pop(0) if remaining and not remaining[0].startswith("--") else "true"
        if plain(name) in settings:
            raise PolyakError(f"--{name} is given twice")
        settings[plain(name)] = value
    return settings


def refuse_unknown(label: str, names: Iterable[str], known: Sequence[str], typed: Typed) -> None:
    """An error for the first name that the rule does not know, with the nearest setting or option.

    >>> refuse_unknown("adam", ["beta3"], ["lr", "beta1"], Typed(own=("steps",)))
    Traceback (most recent call last):
    ...
    polyak.PolyakError: adam has no setting --beta3, did you mean --beta1? (it has: lr, beta1)
    """
    for name in names:
        if name not in known:
            # The option of another command is no slip of the pen: nothing here is meant,
            # unless only the end of one of this command's is missing (--step for --steps).
            begins = any(option.startswith(name) for option in map(plain, typed.own))
            elsewhere = name in map(plain, typed.others()) and not begins
            near = None if elsewhere else nearest(name, [*known, *typed.own])
            hint = f", did you mean --{near.replace('_', '-')}?" if near else ""
            has = f"it has: {', '.join(known)}" if known else "it has none"
            if typed.own and not near:
                has += f"; this command: --{', --'.join(typed.own)}"
            raise PolyakError(f"{label} has no setting --{name}{hint} ({has})")


def values(kind: type[Rule], settings: dict[str, str], typed: Typed) -> dict[str, Any]:
    """Settings with their words turned into numbers and choices; those that do not fit stay as they are."""
    numbers, choices = kind.hyperparameters(), kind.choices()
    refuse_unknown(kind.name(), settings, [*numbers, *choices], typed)
    for name, word in settings.items():
        if name in numbers and word == "true":
            raise PolyakError(f"{kind.name()}: --{name} needs a number in {numbers[name].interval}")
    return {
        name: _choice(choices[name], word) if name in choices else number_or_word(word)
        for name, word in settings.items()
    }


def argument(label: str, name: str, default: object, word: str) -> bool | float | None:
    """A word as the argument of an Optax factory: a flag where its default is one, else a number.

    >>> argument("optax:sgd", "nesterov", False, "yes"), argument("optax:sgd", "momentum", None, "0.9")
    (True, 0.9)
    """
    if default is None and word.lower() == "none":
        return None
    if isinstance(default, bool):
        if word.lower() not in FLAGS:
            raise PolyakError(f"{label}: {name} is '{word}', expected true or false")
        return FLAGS[word.lower()]
    number = number_or_word(word)
    if isinstance(number, str) or math.isnan(number):
        raise PolyakError(f"{label}: {name} is '{word}', expected a number")
    if name == "learning_rate" and not 0 <= number < math.inf:
        raise PolyakError(f"{label}: {name} is '{word}', expected a number in [0, inf)")
    return int(number) if type(default) is int and number.is_integer() else number


def pairs_from(words: Sequence[str], expected: str) -> dict[str, str]:
    """`lr=0.1 nesterov=true` as {"lr": "0.1", "nesterov": "true"}, each name once.

    >>> pairs_from(["lr"], "no setting: expected NAME=VALUE")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: 'lr' is no setting: expected NAME=VALUE
    """
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise PolyakError(f"'{word}' is {expected}")
        if name in pairs:
            raise PolyakError(f"{name} is given twice")
        pairs[name] = value
    return pairs


def number_or_numbers(word: str) -> float | tuple[float, ...] | str:
    """A number, several that commas part, or the word itself.

    >>> number_or_numbers("0.1"), number_or_numbers("[0.9,0.99]"), number_or_numbers("inside")
    (0.1, (0.9, 0.99), 'inside')
    """
    try:
        numbers = tuple(float(part) for part in word.strip("()[] ").split(","))
    except ValueError:
        return word
    return numbers if len(numbers) > 1 else numbers[0]


def _choice(choice: Choice, word: str) -> object:
    spelled = {str(option).lower(): option for option in choice.options}
    spelled |= {"yes": True, "no": False} if True in choice.options else {}
    return spelled.get(plain(word), word)
