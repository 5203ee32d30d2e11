"""Whose a dotted name is: `tf.keras.optimizers.SGD`, `optim.AdamW`, `keras:sgd`, in any case, by old paths too."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from polyak.frameworks.framework import FRAMEWORKS, Framework
from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError, cut, plain

NEAREST = 3
# What the first version of an optimizer did otherwise than today's, so that an old path is not read as today's.
LEGACY = {"keras": ("Adagrad", "RMSprop", "Ftrl", "Nadam", "Adadelta", "Adamax")}


def by_any_name(name: str) -> Spelling | None:
    """The spelling that a prefix and a name, or a dotted path, stand for in any case; None where there is none.

    >>> by_any_name("pytorch:sgd").name, by_any_name("tf.keras.optimizers.legacy.Adam").name
    ('torch:SGD', 'keras:Adam')
    >>> by_any_name("torch.optim.lr_scheduler.StepLR")
    """
    prefix, colon, own = name.partition(":")
    if colon:
        framework = by_prefix(prefix)
        return None if framework is None else _own(framework, own)
    for framework, rest in _homes(name):
        *between, own = rest.split(".")
        found = _own(framework, own)
        if found is not None:
            if "legacy" in between:
                _refuse_legacy(framework, found)
            return found
    return None


def borrowed(name: str) -> tuple[str, dict[str, Any]] | None:
    """What a framework's name for another's optimizer stands for: whose, and its arguments; None where it is none.

    >>> borrowed("timm:sgd")
    ('torch:SGD', {'momentum': 0.9, 'nesterov': True})
    >>> borrowed("torch:SGD")
    """
    prefix, colon, own = name.partition(":")
    framework = by_prefix(prefix) if colon else None
    found = None if framework is None else framework.borrowed.get(own.lower().replace("_", ""))
    return None if found is None else (found[0], dict(found[1]))


def by_prefix(prefix: str) -> Framework | None:
    """The framework of a prefix or one of its aliases, in any case.

    >>> by_prefix("PyTorch").prefix, by_prefix("no")
    ('torch', None)
    """
    word = prefix.strip().lower()
    return next((each for each in FRAMEWORKS.values() if word in (each.prefix, *each.aliases)), None)


def _homes(name: str) -> Iterator[tuple[Framework, str]]:
    """The frameworks that a dotted name begins with, the longest beginning first, with what follows it."""
    homes = [
        (home, framework)
        for framework in FRAMEWORKS.values()
        for home in (*framework.modules, framework.prefix, *framework.aliases)
        if name.lower().startswith(f"{home.lower()}.")
    ]
    for home, framework in sorted(homes, key=lambda pair: -len(pair[0])):
        yield framework, name[len(home) + 1 :]


def home_of(name: str) -> Framework | None:
    """The framework that a dotted name is of, whatever it is called there; None where it is no framework's.

    >>> home_of("torch.optim.lr_scheduler.StepLR").prefix
    'torch'
    """
    return next((framework for framework, _ in _homes(name)), None)


def _own(framework: Framework, own: str) -> Spelling | None:
    """A framework's spelling by its own name, in any case, or by the class that its line calls."""
    word = plain(own).replace("_", "")
    for row in framework.spellings.values():
        called = row.line.partition("(")[0].rpartition(".")[2]
        if word in {plain(each).replace("_", "") for each in (row.name.partition(":")[2], called)}:
            return row
    return None


def _refuse_legacy(framework: Framework, found: Spelling) -> None:
    own = found.name.partition(":")[2]
    if own in LEGACY.get(framework.prefix, ()):
        raise PolyakError(
            f"{framework.prefix}'s legacy {own} is not today's (its eps stands elsewhere), and no rule of ours is held"
            f" to it: expected {found.line.partition('(')[0]}"
        )


def no_such(name: str) -> PolyakError:
    """The refusal of a name that is no framework's, with the three nearest that are.

    >>> print(no_such("my.package.SGDD"))
    my.package.SGDD is no optimizer of a framework that is known here: the nearest are torch:SGD, keras:SGD, optax:sgd
    """
    own = plain(name.replace(":", ".").rpartition(".")[2]).replace("_", "")
    first = ["torch", "keras", "optax"]  # the most usual frameworks, where several have a name
    order = sorted(FRAMEWORKS, key=lambda each: first.index(each) if each in first else len(first))
    known = [row.name for each in order for row in FRAMEWORKS[each].spellings.values()]

    def likeness(full: str) -> float:
        return difflib.SequenceMatcher(None, own, full.partition(":")[2].lower().replace("_", "")).ratio()

    best = sorted(known, key=lambda full: -likeness(full))[:NEAREST]
    return PolyakError(
        f"{cut(name)} is no optimizer of a framework that is known here: the nearest are {', '.join(best)}"
    )
