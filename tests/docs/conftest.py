"""A guide's file among those of the folder that it belongs in."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from house import house  # noqa: F401 - a fixture

GUIDES = Path(__file__).parents[2] / "docs" / "adding"
FILE = re.compile(r'^```python title="[\w/]*/(\w+)\.py"\n(.*?)^```', re.DOTALL | re.MULTILINE)

Added = Callable[[str, str], str]


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Added]:
    """`added("command", "polyak.cli.commands")`: the guide's file in a folder of that package; its name."""
    imported: list[str] = []

    def add(guide: str, package: str) -> str:
        ((name, text),) = FILE.findall((GUIDES / f"{guide}.md").read_text("utf-8"))
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        home = importlib.import_module(package)
        monkeypatch.setattr(home, "__path__", [*home.__path__, str(tmp_path)])
        imported.append(f"{package}.{name}")
        return str(name)

    yield add
    for name in imported:
        sys.modules.pop(name, None)
