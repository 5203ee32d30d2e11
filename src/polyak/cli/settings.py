"""The settings of a rule as words on the command line, and what they stand for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from polyak.cli.options import Options
from polyak.ground.errors import PolyakError, nearest, plain
from polyak.rules import Rule
from polyak.rules.hyperparameters import Choice


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


def refuse_unknown(label: str, names: Iterable[str], known: Sequence[str], options: Options) -> None:
    """An error for the first name that the rule does not know, with the nearest setting or option.

    >>> refuse_unknown("adam", ["beta3"], ["lr", "beta1"], Options(("steps",)))
    Traceback (most recent call last):
    ...
    polyak.PolyakError: adam has no setting --beta3, did you mean --beta1? (it has: lr, beta1)
    """
    for name in names:
        if name not in known:
            # The option of another command is no slip of the pen: nothing here is meant.
            elsewhere = name in map(plain, options.others) and name not in map(plain, options.own)
            near = None if elsewhere else nearest(name, [*known, *options.own])
            hint = f", did you mean --{near.replace('_', '-')}?" if near else ""
            has = f"it has: {', '.join(known)}" if known else "it has none"
            if options.own and not near:
                has += f"; this command: --{', --'.join(options.own)}"
            raise PolyakError(f"{label} has no setting --{name}{hint} ({has})")


def typed(kind: type[Rule], settings: dict[str, str], options: Options) -> dict[str, Any]:
    """Settings with their words turned into numbers and choices; those that do not fit stay as they are."""
    numbers, choices = kind.hyperparameters(), kind.choices()
    refuse_unknown(kind.name(), settings, [*numbers, *choices], options)
    for name, word in settings.items():
        if name in numbers and word == "true":
            raise PolyakError(f"{kind.name()}: --{name} needs a number in {numbers[name].interval}")
    return {
        name: _choice(choices[name], word) if name in choices else number_or_word(word)
        for name, word in settings.items()
    }


def number_or_word(word: str) -> Any:
    """A number where the word is one, else the word, for the rule to refuse in its own words."""
    try:
        return float(word)
    except ValueError:
        return word


def argument(label: str, name: str, default: Any, word: str) -> Any:
    """A word as the argument of an Optax factory: a flag where its default is one, else a number.

    >>> argument("optax:sgd", "nesterov", False, "yes"), argument("optax:sgd", "momentum", None, "0.9")
    (True, 0.9)
    """
    flags = {"true": True, "yes": True, "false": False, "no": False}
    found: Any
    if default is None and word.lower() == "none":
        return None
    if isinstance(default, bool):
        expected, found = "true or false", flags.get(word.lower())
    else:
        expected, found = "a number", number_or_word(word)
        if isinstance(found, str) or math.isnan(found):
            found = None
        elif name == "learning_rate" and not 0 <= found < math.inf:
            expected, found = "a number in [0, inf)", None
        elif type(default) is int and found.is_integer():
            found = int(found)
    if found is None:
        raise PolyakError(f"{label}: {name} is '{word}', expected {expected}")
    return found


def _choice(choice: Choice, word: str) -> Any:
    spelled = {str(option).lower(): option for option in choice.options}
    spelled |= {"yes": True, "no": False} if True in choice.options else {}
    return spelled.get(plain(word), word)
