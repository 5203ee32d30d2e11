"""What is said where a page asks for a name that the old world had, or never had, and Polyak does not bring."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, TypeAlias

MOST_NAMES = 12

AskedFor: TypeAlias = Any
"""What a page asks for by its name: a module, a class, a function, a number."""


def absent(where: str, name: str, brings: Iterable[str]) -> str:
    """One line that names what is missing and what there is, the most alike first.

    >>> absent("gluonbook", "train_ch3", ["linreg", "plt", "train_2d", "train_ch7"])
    "gluonbook has no 'train_ch3' here; Polyak brings: train_ch7, train_2d, linreg, plt"
    """
    names = {brought for brought in brings if not brought.startswith("_")}

    def unlikeness(candidate: str) -> tuple[float, str]:
        return -difflib.SequenceMatcher(None, name.lower(), candidate.lower()).ratio(), candidate

    first = sorted(names, key=unlikeness)[:MOST_NAMES]
    rest = " ..." if len(names) > MOST_NAMES else ""
    return f"{where} has no '{name}' here; Polyak brings: {', '.join(first)}{rest}"
