"""What the files of this folder offer and draw, read from their text: nothing is imported for it."""

from __future__ import annotations

import functools
import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path

TOOLS = {
    "draws": "drawn",
    "interactive": "interactives",
    "plot": "plotting",
    "save": "style",
}  # beside the figures
FIGURE = re.compile(r"^@styled\ndef (\w+)", re.MULTILINE)
DRAWS = re.compile(r"^@draws\((\w+)\)", re.MULTILINE)


def attached(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of the folder, which import a file when something of it is first used."""

    def get(name: str) -> object:
        if name not in homes():
            raise AttributeError(f"module {package} has no attribute {name}")
        offered: object = getattr(importlib.import_module(f"{package}.{homes()[name]}"), name)
        vars(sys.modules[package])[name] = offered
        return offered

    return get, lambda: sorted({*vars(sys.modules[package]), *homes()}), sorted(homes())


def homes() -> dict[str, str]:
    """Where each public function is: every figure's, and the tools', by name."""
    figures = {name: module for module, text in _files().items() for name in FIGURE.findall(text)}
    return {**figures, **TOOLS}


def draw(kind: str) -> list[str]:
    """The files that say that they draw a result of this name."""
    return [module for module, text in _files().items() if kind in DRAWS.findall(text)]


def _files() -> dict[str, str]:
    return _read(tuple(sys.modules["polyak.show"].__path__))


@functools.cache
def _read(folders: tuple[str, ...]) -> dict[str, str]:
    files = sorted(file for folder in folders for file in Path(folder).glob("*.py"))
    return {file.stem: file.read_text("utf-8") for file in files}
