"""What type checkers read of the catalogues is what the folders hold."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_stubs.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("make_stubs", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_stubs_are_up_to_date(script: Any) -> None:
    for path, text in script.stubs().items():
        assert path.read_text() == script.formatted(text), f"{path}: run scripts/make_stubs.py (make format)"


def test_a_rule_that_was_just_written_is_in_them(script: Any) -> None:
    top = (script.SOURCE / "__init__.pyi").read_text()
    names = {"rules": ["HeavyBall", "Newest"], "problems": ["perceptron"]}
    written = script._of_top(top, names)
    assert "Newest" in written.partition("__all__")[0]
    assert '"Newest"' in written.partition("__all__")[2]
    assert "from_page" in written
