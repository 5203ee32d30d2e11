"""The page's words in its languages: a small file each, in `words/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from polyak.ground.errors import unknown
from polyak.lab.state import LANGUAGES


class Words:
    """The words of one language, by section and name.

    >>> words("en").say("trace", "title")
    'The trace'
    """

    def __init__(self, language: str, tables: Mapping[str, Any]) -> None:
        self.language, self.tables = language, tables

    def say(self, section: str, name: str, **values: Any) -> str:
        """A phrase, its places filled in."""
        phrase = str(self.tables[section][name])
        return phrase.format(**values) if values else phrase

    def known(self, section: str, name: str, otherwise: str) -> str:
        """A word that has a translation, else as it is: the names of settings, regimes, rules."""
        return str(self.tables[section].get(name, otherwise))


@cache
def words(language: str) -> Words:
    """The words of a language, one of `LANGUAGES`."""
    if language not in LANGUAGES:
        raise unknown("language", language, LANGUAGES)
    text = files("polyak.lab").joinpath("words", f"{language}.toml").read_text("utf-8")
    return Words(language, tomllib.loads(text))
