"""Studies made once and read by many tests, and a page as a reader's program sees it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import polyak as pk
from polyak.study.study import study

VOID = {"meta", "img", "br", "link", "path", "use", "rect"}  # tags without an end, in a page of ours


@dataclass
class Tag:
    name: str
    attributes: dict[str, Any]
    parent: Tag | None
    text: str = ""
    children: list[Tag] = field(default_factory=list)

    def all(self, *names: str) -> list[Tag]:
        """Every tag of these names below this one, in order."""
        found = []
        for child in self.children:
            found += [child] if child.name in names else []
            found += child.all(*names)
        return found

    def words(self) -> str:
        """The text within, formulas by their LaTeX, as one line."""
        return " ".join(self.text.split())


class Page(HTMLParser):
    """A page as a tree, checked for tags that are not closed in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = self.at = Tag("page", {}, None)
        self.feed(html)
        self.close()
        assert self.at is self.root, f"<{self.at.name}> is not closed"

    def handle_starttag(self, name: str, attributes: Any) -> None:
        tag = Tag(name, dict(attributes), self.at)
        assert len(tag.attributes) == len(attributes), f"<{name}> has an attribute twice"
        self.at.children.append(tag)
        if name not in VOID:
            self.at = tag

    def handle_startendtag(self, name: str, attributes: Any) -> None:
        self.at.children.append(Tag(name, dict(attributes), self.at))

    def handle_endtag(self, name: str) -> None:
        if name in VOID:
            return
        assert self.at.name == name, f"</{name}> ends <{self.at.name}>"
        self.at = self.at.parent

    def handle_data(self, text: str) -> None:
        tag, formula = self.at, self.at
        while formula and formula.name != "math":
            formula = formula.parent
        if formula:  # of a formula its LaTeX alone
            text = f"${text}$" if self.at.name == "annotation" else ""
        while tag:
            tag.text += text
            tag = tag.parent


@dataclass(frozen=True)
class Study:
    """A study that was made: where it lies, what it says, and its page."""

    folder: Path
    sections: Any
    html: str
    page: Tag

    @property
    def text(self) -> str:
        return self.page.words()

    def rows(self, caption: str) -> list[list[str]]:
        """The cells of the table of that caption, its header first."""
        (table,) = [
            table for table in self.page.all("table") if table.all("caption")[0].words().startswith(caption)
        ]
        return [[cell.words() for cell in row.all("th", "td")] for row in table.all("tr")]


def read(folder: Path, sections: Any) -> Study:
    html = (folder / "index.html").read_text(encoding="utf-8")
    return Study(folder, sections, html, Page(html).root)


@pytest.fixture(scope="session")
def made() -> Callable[..., Study]:
    """`made(rule, folder, **options)`: a small study of the rule, on diabetes unless another problem is given."""

    def make(rule: Any, folder: Path, **options: Any) -> Study:
        problem = options.pop("problem", None) or pk.linear_regression(pk.data.diabetes())
        options = {"epochs": 1, "seeds": 2, **options}
        return read(folder, study(rule, folder, problem=problem, **options))

    return make


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Few learning rates, condition numbers, cells and runs: for what is not about how many there are."""
    for module, name, value in (
        ("study.learning_rates", "LADDER", (1.0, 0.01)),
        ("study.sections.theory", "CONDITION_NUMBERS", (3.0, 30.0)),
        ("study.sections.prediction", "RUNS", 5),
        ("study.sections.plane", "SIDE", 8),
        ("theory.phase_diagram", "CELLS", 24),
        ("theory.tradeoff", "POINTS", 6),
    ):
        patch.setattr(importlib.import_module(f"polyak.{module}"), name, value)


def undraw(patch: pytest.MonkeyPatch) -> None:
    """Figures are made but not drawn, which takes most of a study's time; for what is not about pictures."""

    def blank(figure: Any, place: Any, **_: Any) -> None:
        picture = b"<?xml version='1.0'?><svg></svg>"
        place.write(picture) if hasattr(place, "write") else Path(place).write_bytes(picture)

    patch.setattr("polyak.show.style.PolyakFigure.savefig", blank)


@pytest.fixture
def short_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A study of small settings."""
    shorten(monkeypatch)


@pytest.fixture
def undrawn(short_ladder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study of small settings whose pictures are empty."""
    undraw(monkeypatch)


@pytest.fixture
def brief(undrawn: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study of the rule and its descent alone: for what is about the page and its folder."""
    sections = importlib.import_module("polyak.study.sections").in_order()[:2]
    monkeypatch.setattr(importlib.import_module("polyak.study.study"), "in_order", lambda: sections)


@pytest.fixture
def about(undrawn: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`about("training")`: the studies from here on have these sections alone: those that know of what is asked."""
    every = importlib.import_module("polyak.study.sections").in_order()

    def only(*names: str) -> None:
        chosen = [write for write in every if write.__name__ in names]
        monkeypatch.setattr(importlib.import_module("polyak.study.study"), "in_order", lambda: chosen)

    return only


@pytest.fixture(scope="session")
def made_once(made: Callable[..., Study], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Study]:
    """`made_once(name, rule)`: the small undrawn study of a rule, made the first time it is asked for."""
    studies: dict[str, Study] = {}

    def make(name: str, rule: Any) -> Study:
        if name not in studies:
            with pytest.MonkeyPatch.context() as patch:
                shorten(patch)
                undraw(patch)
                studies[name] = made(rule, tmp_path_factory.mktemp(name))
        return studies[name]

    return make


@pytest.fixture(scope="session")
def heavy_ball(made: Callable[..., Study], tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The study that `make study` makes, on diabetes."""
    rule = pk.HeavyBall(lr=0.6, momentum=0.5)
    return made(rule, tmp_path_factory.mktemp("study"), command="polyak study heavy_ball", epochs=2, seeds=3)
