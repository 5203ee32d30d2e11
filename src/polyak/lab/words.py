"""The words of a page in its languages: what it shares in `words/`, a small file each; a panel may bring its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from polyak.ground.errors import unknown

LANGUAGES = ("en", "zh")
GREEK = {"lr": "η", "momentum": "γ", "beta1": "β₁", "beta2": "β₂", "eps": "ε", "decay": "ρ", "rate": "ρ"}
Tables: TypeAlias = Mapping[str, Mapping[str, str]]
"""Phrases by section and name."""


class Words:
    """The words of one language, by section and name.

    >>> Words("en").say("trace", "title")
    'The trace'
    """

    def __init__(self, language: str, own: Tables | None = None) -> None:
        if language not in LANGUAGES:
            raise unknown("language", language, LANGUAGES)
        self.language, self.tables = language, {**_shared(language), **(own or {})}

    def say(self, section: str, name: str, **values: object) -> str:
        """A phrase, its places filled in."""
        phrase = str(self.tables[section][name])
        return phrase.format(**values) if values else phrase

    def translated(self, section: str, name: str, otherwise: str) -> str:
        """A word that has a translation, else as it is: the names of settings, regimes, rules."""
        return str(self.tables[section].get(name, otherwise))

    def rule(self, name: str) -> str:
        """A rule's name."""
        return self.translated("rules", name, name.replace("_", " "))

    def choice(self, name: str) -> str:
        """The heading of a choice between conventions."""
        return self.translated("choices", name, name.replace("_", " "))

    def option(self, value: object) -> str:
        """What a choice may be, in words."""
        return self.translated("options", str(value), str(value).replace("_", " "))

    def place(self, landscape: str) -> str:
        """A landscape's name; beside a translation stands the name that code knows it by."""
        known = self.tables["places"].get(landscape)
        return f"{known} {landscape}" if known and landscape not in known.lower() else known or landscape

    def data(self, name: str) -> str:
        """A data set's name, as `place` says a landscape's."""
        known = self.tables["data"].get(name)
        return f"{known} {name}" if known else name

    def complaint(self, text: str) -> str:
        """What the engine says against something, in this language where it is known by these letters of it.

        What is not known stays as it is: a reason in another language is more than none.
        """
        return next((said for part, said in self.tables["complaints"].items() if part in text), text)

    def label(self, setting: str, meaning: str = "") -> str:
        """A setting's meaning and its letter."""
        word = self.translated("settings", setting, meaning or setting.replace("_", " "))
        return f"{word} {GREEK[setting]}" if setting in GREEK else word


def symbol(setting: str) -> str:
    """A setting's letter on paper, or its name."""
    return GREEK.get(setting, setting.replace("_", " "))


@cache
def _shared(language: str) -> Tables:
    text = files("polyak.lab").joinpath("words", f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)
