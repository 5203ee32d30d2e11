"""`make quick`: the floors that were changed, and of their tests those that take seconds."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def quick() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quick_script", ROOT / "scripts" / "quick.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_a_file_lies_on_its_floor(quick: ModuleType) -> None:
    files = [
        "src/polyak/rules/adam.py",
        "tests/rules/pages/test_in_place.py",
        "src/polyak/frameworks/torch/state.py",
        "src/polyak/__init__.py",
        "docs/rules/adam.md",
        "README.md",
    ]
    assert quick.floors_of(files) == ["frameworks", "rules"]


def test_a_floor_is_its_source_and_its_tests(quick: ModuleType) -> None:
    assert quick.folders_of("rules") == ["src/polyak/rules", "tests/rules"]
    assert {"rules", "ground", "cli", "docs"} <= {*quick.floors()}


def test_a_floor_that_is_none() -> None:
    done = run(sys.executable, "scripts/quick.py", "ruels")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no floor is called 'ruels': did you mean 'rules'?\n"


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_the_target_checks_and_tests_a_floor() -> None:
    """With the Python that this is; what is installed there is not looked at."""
    done = run("make", f"VENV={sys.prefix}", "-o", f"{sys.prefix}/installed-test", "quick", "FLOOR=ground")
    assert done.returncode == 0, done.stdout + done.stderr
    first, *_, last = [line for line in done.stdout.splitlines() if line]
    assert first == "quick: ground"
    assert "passed" in last


def test_what_is_over_the_budget_is_left_out(tmp_path: Path) -> None:
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "test_some.py").write_text(
        "import time\ndef test_a(): time.sleep(0.6)\ndef test_b(): pass\ndef test_c(): time.sleep(0.3)\n"
    )
    pytest_here = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--rootdir",
        str(tmp_path),
        "-c",
        os.devnull,
        "--quick",
    ]
    assert "3 passed" in run(*pytest_here, "0.5", cwd=tmp_path).stdout, "what was never timed is run"
    assert "2 passed, 1 deselected" in run(*pytest_here, "0.5", cwd=tmp_path).stdout
    assert "1 passed, 2 deselected" in run(*pytest_here, "0.2", cwd=tmp_path).stdout
