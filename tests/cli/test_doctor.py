"""`polyak doctor`: what is found and what is lacking are what is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax
import pytest

import polyak as pk
from polyak.cli.commands import doctor

NEEDS = [
    "numpy>=2.0",
    "bokeh>=3.9; extra == 'lab'",
    "jinja2>=3.1; extra == 'lab'",
    'optax>=0.2.8; extra == "optax"',
    'pytest>=9; extra == "test"',
]


@pytest.fixture(autouse=True)
def asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requires", lambda _: NEEDS)


def test_versions_are_those_that_run(polyak_: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("POLYAK_CACHE", str(tmp_path))
    found = polyak_("doctor")
    for word in (
        pk.__version__,
        jax.__version__,
        version("torch").partition("+")[0],
        "[lab]",
        "2 of 2",
        "PyTorch",
    ):
        assert word in found
    assert "[test]" not in found


def test_what_is_not_installed_or_too_old_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(name: str) -> str:
        if name == "bokeh":
            raise PackageNotFoundError(name)
        return "0.1" if name == "optax" else version(name)

    assert [what for what, _, add in doctor._extras() if not add] == ["[lab]", "[optax]"]
    monkeypatch.setattr(doctor, "version", installed)
    lines = {what: (found, add) for what, found, add in doctor._extras()}
    assert lines["[lab]"][1] == "pip install 'polyak[lab]'  (bokeh)"
    assert lines["[optax]"] == ("0 of 1 packages", "pip install 'polyak[optax]'  (optax)")


def test_a_folder_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POLYAK_DATA", str(tmp_path / "none"))
    lines = {what: (found, add) for what, found, add in doctor._places()}
    assert "no such file or folder" in lines["airfoil data"][0]
    assert lines["airfoil data"][1]
