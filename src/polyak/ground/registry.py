"""Catalogues that keep themselves: what is written in a file of its folder is in it, and nobody lists it by hand."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TypeVar

from polyak.ground.errors import PolyakError, plain, unknown

T = TypeVar("T")


class Catalogue(dict[str, T]):
    """Things of one kind by name, in the order in which they came.

    Attributes:
        kind: what one of them is called: "rule".

    >>> rules = Catalogue[float]("rule")
    >>> rules.add("heavy_ball", 0.9, home="polyak.rules.linear")
    >>> rules.find("Heavy-Ball")
    0.9
    >>> rules.find("heavybal")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown rule 'heavybal', did you mean 'heavy_ball'? (there are: heavy_ball)
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._homes: dict[str, str] = {}

    def add(self, name: str, thing: T, *, home: str) -> None:
        """Take a thing in that the module `home` defines.

        What a user writes anew stands for their earlier one of that name, but never for one of ours.

        Raises PolyakError where two modules of ours define one of the same name.
        """
        there = self._homes.get(name, "")
        if there.startswith("polyak.") and there != home:
            if home.startswith("polyak."):
                raise PolyakError(f"{home} defines the {self.kind} '{name}', which {there} has defined")
            return
        self[name], self._homes[name] = thing, home

    def attribute(self, name: str) -> T:
        """The one of that name, or whose class or function is called so: a package's `__getattr__`.

        What was written after its package was imported is there at once.
        """
        for key, thing in self.items():
            if name in (key, getattr(thing, "__name__", "")):
                return thing
        raise AttributeError(f"there is no {self.kind} '{name}'")

    def ours(self) -> dict[str, T]:
        """Those that Polyak brings, without the user's own."""
        return {name: thing for name, thing in self.items() if self._homes[name].startswith("polyak.")}

    def home(self, name: str) -> str:
        """The module that defines the one of that name."""
        return self._homes[name]

    def find(self, name: str) -> T:
        """The one of that name, however it is spelled; a PolyakError says the nearest."""
        if plain(name) not in self:
            raise unknown(self.kind, name, self)
        return self[plain(name)]


def import_all(package: str) -> None:
    """Import every module of a package's folder, so that what they define is in its catalogue."""
    folder = importlib.import_module(package).__path__
    for module in pkgutil.iter_modules(folder):
        importlib.import_module(f"{package}.{module.name}")
