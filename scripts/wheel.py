"""Build the wheel, install it where nothing else is, and run the tests of the core there.

    python scripts/wheel.py [--python 3.12 ...]

The wheel alone, with what it needs and pytest, in a new environment outside this folder, for each Python from 3.11 on
that is found; the tests are a copy beside it, so that nothing of this folder's source can be meant by mistake.
Exit code 1 where a build, an install or a test fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
TESTED_WITH = ("pytest", "hypothesis", "optax")
CORE = (  # what asks for nothing beyond what every install brings
    "tests/rules/test_first_three_steps.py",
    "tests/rules/test_linear_family.py",
    "tests/rules/test_bad_settings.py",
    "tests/rules/pages/test_bad_pages.py",
    "tests/rules/pages/test_plane.py",
    "tests/landscapes",
    "tests/run/test_one_trajectory.py",
    "tests/run/test_divergence.py",
    "tests/theory/test_step_map.py",
    "tests/theory/test_edges.py",
    "tests/theory/test_response.py",
)
BESIDE = ("tests/conftest.py", "tests/shared", "pyproject.toml")  # what these tests share
PART_OF_IT = (
    ".j2",
    ".css",
    ".toml",
    ".mplstyle",
    ".pyi",
    "py.typed",
)  # what is no module, and must be in the wheel


def pythons(asked: list[str]) -> Iterator[tuple[str, str]]:
    """The versions that are found, on the path or among pyenv's, with how each is started."""
    for version in asked:
        others = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
        places = [shutil.which(f"python{version}"), *map(str, others)]
        place = next((place for place in places if place and _starts(place)), None)
        if place is None:
            print(f"Python {version}: not found here", flush=True)
        else:
            yield version, place


def _starts(place: str) -> bool:
    """Whether it is a Python that can make environments; pyenv leaves words on the path that start nothing."""
    return (
        subprocess.run([place, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode
        == 0
    )


def built(folder: Path) -> Path:
    """The wheel of this folder; a SystemExit where it lacks a file of the source."""
    _run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)], ROOT)
    (wheel,) = folder.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = {path for path in (ROOT / "src" / "polyak").rglob("*") if path.is_file()}
    wanted = {
        str(p.relative_to(ROOT / "src")) for p in source if p.suffix == ".py" or p.name.endswith(PART_OF_IT)
    }
    if missing := sorted(wanted - inside):
        sys.exit(f"{wheel.name} lacks {', '.join(missing)}")
    return wheel


def tested(version: str, python: str, wheel: Path, folder: Path) -> bool:
    """Whether the core's tests pass on this wheel, in an environment of its own."""
    environment, beside = folder / f"environment-{version}", folder / f"tests-{version}"
    _run([python, "-m", "venv", str(environment)], folder)
    own = str(environment / "bin" / "python")
    constrained = ["--constraint", str(ROOT / "constraints.txt")]
    _run(
        [
            own,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *constrained,
            str(wheel),
            *TESTED_WITH,
        ],
        folder,
    )
    for name in (*CORE, *BESIDE):
        source, target = ROOT / name, beside / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    for conftest in (ROOT / "tests").glob("*/conftest.py"):
        if (beside / "tests" / conftest.parent.name).is_dir():
            shutil.copy(conftest, beside / "tests" / conftest.parent.name)
    print(f"Python {version}: the tests of the core on {wheel.name}", flush=True)
    words = [own, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CORE]
    alone = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "POLYAK_COMPLETE")
    }
    return subprocess.run(words, cwd=beside, env=alone, check=False).returncode == 0


def _run(words: list[str], folder: Path) -> None:
    if subprocess.run(words, cwd=folder, check=False).returncode:
        sys.exit(f"{' '.join(words[:4])} ... failed")


def main() -> int:
    """Build once, test with every Python."""
    words = argparse.ArgumentParser(description="Build the wheel, and test it where nothing else is.")
    words.add_argument("--python", nargs="*", default=list(PYTHONS), metavar="VERSION", help="these alone")
    asked = words.parse_args().python
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        wheel = built(folder)
        passed = {version: tested(version, python, wheel, folder) for version, python in pythons(asked)}
    for version, passes in passed.items():
        print(f"Python {version}: {'passed' if passes else 'FAILED'}")
    return 0 if passed and all(passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
