"""The public names, from the stubs of the package and of its floors: each has one page, under its shortest name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

import polyak


@dataclass
class Name:
    """A public thing: its shortest name, and what else it is called."""

    path: str
    thing: object
    others: list[str] = field(default_factory=list)

    @property
    def page(self) -> str:
        """Its page's name in the folder of the API."""
        return self.path.replace("polyak.", "", 1)

    @property
    def kind(self) -> str:
        """As the reference is grouped."""
        if inspect.isclass(self.thing):
            return "classes"
        return "functions" if callable(self.thing) else "values"


def floors() -> list[str]:
    """The modules whose names are public: the package and its folders that say what they offer."""
    beside = ["polyak.torch"]
    folders = [f"polyak.{each.name}" for each in pkgutil.iter_modules(polyak.__path__) if each.ispkg]
    return [
        "polyak",
        *(each for each in folders if getattr(importlib.import_module(each), "__all__", None)),
        *beside,
    ]


def public() -> list[Name]:
    """Every public name once, those of the package first."""
    found: list[Name] = []
    known: dict[object, Name] = {}
    for path, thing in _offered():
        key: object = id(thing) if not isinstance(thing, str | int | float | tuple) else path
        if key in known:
            known[key].others.append(path)
        else:
            known[key] = Name(path, thing)
            found.append(known[key])
    return found


def _offered() -> Iterator[tuple[str, object]]:
    for floor in floors():
        module = importlib.import_module(floor)
        for name in offered(module):
            thing = getattr(module, name)
            if not isinstance(thing, ModuleType):
                yield f"{floor}.{name}", thing


def offered(module: ModuleType) -> list[str]:
    """The names that a module offers: its __all__, or the classes and functions that it makes itself."""
    names = getattr(module, "__all__", None)
    if names is not None:
        return list(names)
    own = vars(module).items()
    return [
        name
        for name, thing in own
        if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
    ]
