"""What a document's cells did is kept: read again it runs nothing, and anew where what it came from differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyak.book import read
from polyak.book.kept import Kept, key, runs


@pytest.fixture
def counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read a document whose cell counts its runs outside the folder; the reading and how often it has run."""
    outside = folder / "outside"
    outside.mkdir()
    count = outside / "count"
    monkeypatch.setenv("COUNTED_IN", str(count))  # a file that the cell names would be in the run's key
    code = (
        "import os\ntold = open(os.environ['COUNTED_IN'], 'a'); told.write('|'); told.close(); print('ran')"
    )

    def go(text: str = "", **settings: Any) -> tuple[Any, int]:
        (folder / "a.md").write_text(f"# Counts {text}\n\n```python\n{settings.pop('code', code)}\n```\n")
        result = read("a.md", **({"real": True, "timeout": 60.0} | settings))
        return result, len(count.read_text()) if count.exists() else 0

    return go


def test_read_again_it_runs_nothing_and_the_page_is_the_same(counted: Any, folder: Path) -> None:
    first, ran = counted()
    page = first.path.read_bytes()
    assert (ran, first.run_at) == (1, "")
    first.path.unlink()
    again, ran = counted()
    assert ran == 1
    assert again.run_at in str(again) != str(first)
    assert "--again" in str(again)
    assert again.path.read_bytes() == page
    # Other words around the same cells: a new page, of the run that was.
    other, ran = counted("and more")
    assert ran == 1
    assert "and more" in other.path.read_text()
    assert ">ran" in other.path.read_text().replace("\n", "")
    # Another kind of page.
    made, ran = counted(to="ipynb")
    assert ran == 1
    assert json.loads(made.path.read_text())["cells"][1]["outputs"][0]["text"] == ["ran\n"]
    # When it is asked to, and when a cell is another.
    assert counted(again=True)[1] == 2
    assert counted()[1] == 2
    assert counted(real=False)[1] == 3  # with the old names at hand


def test_a_failed_run_is_not_kept(counted: Any, folder: Path) -> None:
    assert counted(code="print(1); 1 / 0")[0].failures
    again, _ = counted(code="print(1); 1 / 0")
    assert again.failures
    assert again.run_at == ""


def test_what_a_run_came_from_is_in_its_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def of(code: str = "open('data.csv')", parts: tuple[object, ...] = ()) -> str:
        return key(parts, [code], folder)

    seen = {of(), of("open('data.csv') "), of(parts=(True,))}
    assert len(seen) == 3
    (folder / "data.csv").write_text("1,2")  # named in the cell
    assert of() not in seen
    before = of()
    (folder / "other.csv").write_text("1,2")  # named nowhere
    assert of() == before
    (folder / "helpers.py").write_text("x = 1")  # a cell could import it
    assert of() != before
    before = of("np.loadtxt('../data/far.dat')")
    (folder / "far.dat").write_text("1")
    monkeypatch.setenv("POLYAK_DATA", str(folder))  # where it is looked for by name
    assert of("np.loadtxt('../data/far.dat')") != before


def test_half_a_file_is_no_run_and_a_closed_folder_keeps_none(folder: Path) -> None:
    kept = runs()
    kept.put("k", {"a": 1})
    assert kept.get("k") == {"a": 1}
    for broken in ("", "{", "[1]", "\0"):
        (kept.folder / "k.json").write_text(broken)
        assert kept.get("k") is None
    nowhere = Kept(Path("/dev/null/none"))
    nowhere.put("k", {"a": 1})
    assert nowhere.get("k") is None
