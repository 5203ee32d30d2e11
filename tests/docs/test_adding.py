"""Each guide in docs/adding/ shows a whole file: written as it stands, what it adds is seen everywhere.

What "everywhere" is for a kind of thing stands in `adding/`, in a file of the guide's name: `seen(module)`.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from polyak import data, landscapes, problems, rules

HERE = Path(__file__).parent
EVERY = sorted((HERE.parents[1] / "docs" / "adding").glob("*.md"))
GUIDES = [guide for guide in EVERY if (HERE / "adding" / f"{guide.stem}.py").exists()]
BLOCK = re.compile(
    r"^```python title=[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL
)  # a file of ours; no test
CATALOGUES = (rules.CATALOGUE, landscapes.CATALOGUE, problems.CATALOGUE, data.CATALOGUE)


@pytest.fixture
def as_they_were() -> Iterator[None]:
    """What a guide adds is taken out again."""
    before = [set(catalogue) for catalogue in CATALOGUES]
    yield
    for catalogue, names in zip(CATALOGUES, before, strict=True):
        for name in set(catalogue) - names:
            del catalogue[name]


def blocks(guide: Path) -> list[str]:
    return BLOCK.findall(guide.read_text())


def written(folder: Path, name: str, text: str) -> ModuleType:
    """A module of a package of somebody's own, imported."""
    (folder / "somebodys").mkdir(exist_ok=True)
    (folder / "somebodys" / "__init__.py").touch()
    (folder / "somebodys" / f"{name}.py").write_text(text)
    return importlib.import_module(f"somebodys.{name}")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
@pytest.mark.usefixtures("as_they_were")
def test_what_a_guide_adds_is_seen_everywhere(
    guide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check = HERE / "adding" / f"{guide.stem}.py"
    spec = importlib.util.spec_from_file_location(f"seen_{guide.stem}", check)
    checks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checks)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in importlib.sys.modules if name.partition(".")[0] == "somebodys"]:
        monkeypatch.delitem(importlib.sys.modules, name)
    module = written(tmp_path, guide.stem, blocks(guide)[0])

    def told() -> str:
        return capsys.readouterr().out

    checks.seen(module, told)


def test_every_guide_is_tried() -> None:
    """Here, or in a file of its own, such as tests/lab/test_adding_a_panel.py."""
    own = [path.stem for path in HERE.parent.rglob("test_adding_*.py")]
    for guide in EVERY:
        tried = guide in GUIDES or any(stem.endswith(f"_{guide.stem}") for stem in own)
        assert tried, f"write tests/docs/adding/{guide.stem}.py: seen(module, told) says where it is seen"
