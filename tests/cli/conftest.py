"""The command line as tests use it: in this process for the many, as a process of its own for a few."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import polyak.cli
from new_framework import mlx_fixture  # noqa: F401 - a fixture
from patience import PATIENCE


@dataclass(frozen=True)
class Outcome:
    """What a command line left on the terminal."""

    code: Any
    out: str
    err: str


def words_of(line: str | list[str]) -> list[str]:
    return shlex.split(line) if isinstance(line, str) else [str(word) for word in line]


def run_here(line: str | list[str]) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("default")  # a user's Python does not turn warnings into errors
        with pytest.raises(SystemExit) as exit_:
            polyak.cli.main(words_of(line))
    return Outcome(exit_.value.code, out.getvalue(), err.getvalue())


def files_in(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, with what a file holds."""
    found = folder.rglob("*")
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in found}


@pytest.fixture(scope="session")
def here() -> Callable[[str | list[str]], Outcome]:
    """`here("rules adam")`: the line run in this process and this folder, with what it printed and its exit code."""
    return run_here


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, on a terminal wide enough that no table is folded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    return tmp_path


@pytest.fixture
def polyak_(folder: Path) -> Callable[[str | list[str]], str]:
    """`polyak_("trace ...")`: a line that must succeed without a word on the error stream; what it printed."""

    def run(line: str | list[str]) -> str:
        outcome = run_here(line)
        assert (outcome.code, outcome.err) == (0, ""), outcome
        return outcome.out

    return run


@pytest.fixture
def fails(folder: Path) -> Callable[..., str]:
    """`fails(line, "word", ...)`: exit code 2, one line that has the words, no result, and no file touched."""

    def run(line: str | list[str], *words: str) -> str:
        before = files_in(folder)
        outcome = run_here(line)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.startswith("polyak: ")
        assert outcome.err.endswith("\n")
        assert outcome.err.count("\n") == 1, outcome.err
        for word in words:
            assert word in outcome.err
        assert files_in(folder) == before
        return outcome.err

    return run


@pytest.fixture
def process(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`process("rules")`: the installed command as a process of its own, in the folder."""

    def run(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("polyak")), *shlex.split(line)]
        return subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def interruptible() -> Callable[[list[str]], list[str]]:
    """A command that Ctrl-C reaches, even if these tests were started where it is ignored, behind a shell's `&`."""
    heard = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    return lambda command: [sys.executable, "-c", heard, *command]
