"""docs/conventions.md is what the program says today, the versions of what is installed apart."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "conventions_page", ROOT / "scripts" / "conventions_page.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_is_made(maker: ModuleType) -> None:
    committed = (ROOT / "docs" / "conventions.md").read_text("utf-8")
    assert maker.without_versions(maker.page()) == maker.without_versions(committed)


def test_only_versions_are_left_out(maker: ModuleType) -> None:
    assert maker.without_versions("torch 2.13.0+cpu | 0.5 0.25") == "torch | 0.5 0.25"
    assert maker.without_versions("keras:SGD momentum=0.9") == "keras:SGD momentum=0.9"


def test_every_pitfall_has_a_command_that_says_something(maker: ModuleType) -> None:
    for line in maker.PITFALLS.values():
        said = maker.said(line).splitlines()
        refused = len(said) == 1 and said[0].startswith("polyak: ")
        assert refused or len(said) > 1, line
