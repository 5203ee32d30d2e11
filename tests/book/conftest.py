"""What the tests of documents share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyak.book import Reading, read


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLYAK_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def reading(folder: Path) -> Callable[..., tuple[Reading, str]]:
    """`reading("text")`: a document of this text, read without the old names; what it came to, and the page."""

    def run(text: str, **settings: Any) -> tuple[Reading, str]:
        (folder / "a.md").write_text(text, encoding="utf-8")
        result = read("a.md", **({"real": True, "timeout": 60.0} | settings))
        return result, result.path.read_text("utf-8")

    return run


@pytest.fixture(scope="session")
def seed() -> Path:
    """The text that Polyak grew from; where it is not at hand, a skip (a failure where POLYAK_COMPLETE is 1)."""
    place = Path(__file__).parents[2].parent / "shared" / "seed" / "momentum.skl.md"
    if not place.is_file():
        pytest.skip("momentum.skl.md is not at hand: it belongs in ../shared/seed")
    return place
