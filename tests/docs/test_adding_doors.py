"""The guides to adding a command, a figure and a section: their files, as they stand there, register themselves."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import polyak as pk
import polyak.cli
from polyak.cli import command

GUIDES = Path(__file__).parents[2] / "docs" / "adding"
FILE = re.compile(r"^`(\w+)\.py`\n\n```python\n(.*?)^```", re.DOTALL | re.MULTILINE)

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


def said(*words: str) -> str:
    """What a line prints that must succeed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as ended:
        polyak.cli.main(list(words))
    assert ended.value.code == 0
    return out.getvalue()


def test_a_command(added: Added, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "respond" not in said("--help")
    name = added("command", "polyak.cli.commands")
    assert re.search(r"^  respond +Say how long a rule remembers a gradient", said("--help"), re.MULTILINE)
    assert "steps" in command.every_option()[name]
    assert "--steps" in said(name, "--help")
    line = [name, "heavy_ball", "--lr", "0.1", "--momentum", "0.9"]
    assert (
        said(*line, "--out", "a.svg") == f"{pk.response(pk.HeavyBall(lr=0.1, momentum=0.9))}\nwrote a.svg\n"
    )
    del command.COMMANDS[name]


def test_a_figure(added: Added) -> None:
    show = importlib.import_module("polyak.show")
    name = added("figure", "polyak.show")
    assert callable(show.race_figure)
    assert "race_figure" in dir(show)
    race = importlib.import_module(f"polyak.show.{name}").Race({"heavy_ball": 20, "gradient_descent": 93})
    (axes,) = race.plot().axes
    assert [bar.get_width() for bar in axes.patches] == [20, 93]
    assert '<img alt="Race(heavy_ball 20 steps' in race._repr_html_()
    del show.race_figure


def test_a_section(added: Added, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sections = importlib.import_module("polyak.study.sections")
    before = [write.__name__ for write in sections.in_order()]
    name = added("section", "polyak.study.sections")
    after = [write.__name__ for write in sections.in_order()]
    assert after == [*before[:3], name, *before[3:]]
    two = [write for write in sections.in_order() if write.__name__ in ("rule", name)]
    monkeypatch.setattr(importlib.import_module("polyak.study.study"), "in_order", lambda: two)
    problem = pk.linear_regression(pk.data.diabetes())
    pk.study(pk.HeavyBall(lr=0.1, momentum=0.9), tmp_path / "page", problem=problem)
    html = (tmp_path / "page" / "index.html").read_text("utf-8")
    assert html.index("The rule") < html.index("How long it remembers")
    assert "A gradient is remembered for 10 steps." in html
    assert {"memory.svg", "memory.png", "memory.csv"} <= {path.name for path in (tmp_path / "page").iterdir()}
    del sections.NUMBERED[f"polyak.study.sections.{name}"]
