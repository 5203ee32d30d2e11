"""The guide to adding a command: its file, as it stands there, is one that `polyak --help` lists."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import polyak as pk
import polyak.cli
from polyak.cli import command


def said(*words: str) -> str:
    """What a line prints that must succeed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as ended:
        polyak.cli.main(list(words))
    assert ended.value.code == 0
    return out.getvalue()


def test_a_command(added: Callable[[str, str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "respond" not in said("--help")
    name = added("command", "polyak.cli.commands")
    assert re.search(r"^  respond +Say how long a rule remembers a gradient", said("--help"), re.MULTILINE)
    assert "steps" in command.every_option()[name]
    assert "--steps" in said(name, "--help")
    line = [name, "heavy_ball", "--lr", "0.1", "--momentum", "0.9"]
    assert (
        said(*line, "--out", "a.svg") == f"{pk.response(pk.HeavyBall(lr=0.1, momentum=0.9))}\nwrote a.svg\n"
    )
    del command.COMMANDS[name]
