"""The panel of docs/adding/panel.md, in a module of its own: on the page, in the link, in the warm-up. No browser."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from bokeh.document import Document

import polyak as pk
from polyak.lab import shared
from polyak.lab.lab import Lab, lab_of
from polyak.lab.link import decoded, encoded
from polyak.lab.page import Page, parts
from polyak.lab.panel import PANELS, Panel, in_order, words
from polyak.lab.shell import sections, shell
from polyak.lab.state import Chosen, State

PAGE = Path(__file__).parents[2] / "docs/adding/panel.md"
FILE, TEST = re.findall(r"```python[^\n]*\n(.*?)```", PAGE.read_text("utf-8"), flags=re.S)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The file, imported from a folder of its own; the panel is gone afterwards."""
    path = tmp_path / "how_long.py"
    path.write_text(FILE, "utf-8")
    spec = importlib.util.spec_from_file_location("how_long", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "how_long", made)
    spec.loader.exec_module(made)
    yield made
    del PANELS["how_long"]


@pytest.fixture
def lab_with(module: ModuleType) -> Lab:
    return lab_of(
        {}, [Chosen("heavy_ball", {"lr": 0.6, "momentum": 0.5})], pk.landscapes.CATALOGUE["ravine"], None
    )


def test_it_stands_on_the_page_in_its_place(lab_with: Lab) -> None:
    names = [panel.name for panel in in_order()]
    assert names.index("how_long") == names.index("phase") + 1
    assert "how_long" in parts(lab_with)
    for language, title in (("en", "How long it takes"), ("zh", "需要多久")):
        assert f'<h2>{title}</h2><div id="place-how_long"' in sections(words(language))["how_long"]
    page = Page(Document(), lab_with, lab_with.first)
    assert page.doc.get_model_by_name("digits").title == "digits"
    style = ".how_long { max-width: 30rem; }"
    assert style in page.sheet.css
    assert style in shell(lab_with.first, "token", parts(lab_with))


def test_its_own_test(module: ModuleType) -> None:
    exec(TEST, {})


def test_its_values_are_in_the_link(lab_with: Lab, refused: Any) -> None:
    state = lab_with.adapted(lab_with.first.changed(digits=5))
    assert decoded(encoded(state), lab_with.offer).own["digits"] == 5
    assert decoded(encoded(State(state.rules)), lab_with.offer).own["digits"] == 2
    with refused("the link", "digits is 13", "12"):
        decoded(encoded(state.changed(digits=13)), lab_with.offer)


def test_a_link_with_the_values_of_a_panel_that_is_not_there_is_refused(lab_with: Lab, refused: Any) -> None:
    letters = encoded(lab_with.first)
    panel = PANELS.pop("how_long")
    try:
        with refused("damaged"):
            decoded(letters, lab_with.offer)
    finally:
        PANELS["how_long"] = panel


def test_it_is_warmed_up(module: ModuleType, lab_with: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(module.HowLongPanel, "compute", lambda question: asked.append(question.state))
    monkeypatch.setattr(shared, "in_order", lambda: [module.HowLongPanel])  # the others take seconds
    lab_with.warm_up()
    assert asked == [lab_with.first]


def test_a_name_that_is_taken_is_refused() -> None:
    before = dict(PANELS)
    with pytest.raises(TypeError, match="a panel phase already"):
        type("Another", (Panel,), {"name": "phase"})
    fields = PANELS["training"].fields
    with pytest.raises(TypeError, match="has a data already"):
        type("Another", (Panel,), {"name": "another", "fields": fields})
    assert before == PANELS
