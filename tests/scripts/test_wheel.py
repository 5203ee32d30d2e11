"""The wheel holds every file that the source has; the tests of the core on it are `make wheel`."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wheel_script", ROOT / "scripts" / "wheel.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_holds_all_of_the_source_and_nothing_else(script: ModuleType, tmp_path: Path) -> None:
    inside = zipfile.ZipFile(script.built(tmp_path)).namelist()
    assert {"polyak/py.typed", "polyak/__init__.pyi", "polyak/study/page.html.j2"} <= set(inside)
    assert {name.split("/")[0].split("-")[0] for name in inside} == {"polyak"}


def test_a_wheel_that_lacks_a_file_is_refused(script: ModuleType, tmp_path: Path, monkeypatch) -> None:
    elsewhere = tmp_path / "src" / "polyak"
    elsewhere.mkdir(parents=True)
    (elsewhere / "left_out.py").write_text("")
    real = script.ROOT

    def build(words: list[str], folder: Path) -> None:
        real_run(words, real)

    real_run = script._run
    monkeypatch.setattr(script, "_run", build)
    monkeypatch.setattr(script, "ROOT", tmp_path)
    (tmp_path / "dist").mkdir()
    with pytest.raises(SystemExit, match=r"lacks polyak/left_out\.py"):
        script.built(tmp_path / "dist")


def test_what_is_tested_on_it_is_there(script: ModuleType) -> None:
    assert [name for name in (*script.CORE, *script.BESIDE) if not (ROOT / name).exists()] == []
