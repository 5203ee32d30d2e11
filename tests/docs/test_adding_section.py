"""The guide to adding a section: its file, as it stands there, is a part of every study."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

import polyak as pk


def test_a_section(added: Callable[[str, str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert {"memory.svg", "memory.csv"} <= {path.name for path in (tmp_path / "page").iterdir()}
    del sections.NUMBERED[f"polyak.study.sections.{name}"]
