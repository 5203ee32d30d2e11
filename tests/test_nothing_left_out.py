"""Where POLYAK_COMPLETE is 1 a skip is a failure: of a test, of a fixture, of a whole file; not in any public CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from patience import PATIENCE

TESTS = """
import pytest

def test_that_runs():
    pass

@pytest.mark.skip(reason="not today")
def test_that_is_skipped():
    pass

def test_of_airfoil(airfoil):
    assert airfoil.rows == 1503

@pytest.mark.xfail(reason="known")
def test_that_is_known_to_fail():
    assert False
"""
WHOLE_FILE = "import pytest\npytest.importorskip('no_such_framework')\n"


def run(folder: Path, complete: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    """These tests beside a copy of our conftest.py, with no airfoil at hand."""
    (folder / "conftest.py").write_bytes(Path(__file__).with_name("conftest.py").read_bytes())
    (folder / "test_some.py").write_text(TESTS)
    (folder / "test_whole_file.py").write_text(WHOLE_FILE)
    environment = {**os.environ, "CI": ci, "POLYAK_COMPLETE": complete, "POLYAK_CACHE": str(folder / "cache")}
    environment.pop("POLYAK_DATA", None)
    environment["PYTHONPATH"] = str(Path(__file__).with_name("shared"))  # what conftest.py imports beside it
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-ra",
        "--rootdir",
        str(folder),
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [*command, "--continue-on-collection-errors", str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(("complete", "ci"), [("", ""), ("0", "true")])
def test_at_home_and_in_a_public_ci_a_skip_says_why(tmp_path: Path, complete: str, ci: str) -> None:
    done = run(tmp_path, complete, ci)
    assert done.returncode == 0
    assert "1 passed, 3 skipped, 1 xfailed" in done.stdout
    assert "airfoil_self_noise.dat is not at hand: name its folder in POLYAK_DATA" in done.stdout


def test_where_all_is_asked_for_it_is_a_failure(tmp_path: Path) -> None:
    done = run(tmp_path, "1")
    assert done.returncode == 1
    assert "1 passed, 1 xfailed, 3 errors" in done.stdout
    said = [
        line
        for line in done.stdout.splitlines()
        if line.startswith("POLYAK_COMPLETE leaves nothing out, and this was: ")
    ]
    for reason in ("not today", "airfoil_self_noise.dat is not at hand", "no_such_framework"):
        assert any(reason in line for line in said)
