"""A folder and an environment as they are after `make study`, for the tests of the documents.

The environment is a real one, of the packages that the Makefile's line installs and what these ask for: they are
linked, not downloaded, so that it takes a second.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
import venv
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from shutil import copy, copytree

import pytest
from packaging.requirements import Requirement

from patience import PATIENCE

ROOT = Path(__file__).parents[2]
NEEDED_BY_ITSELF = ("Makefile", "pyproject.toml", "constraints.txt")


def installed_by_make_study() -> set[str]:
    """The packages that the first line of the Makefile with an extra installs, and those that they ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    (asked,) = re.findall(
        r"installed: pyproject.*?--editable '\.\[(\w+)\]'", (ROOT / "Makefile").read_text(), re.DOTALL
    )[:1]
    found: set[str] = set()
    left = [Requirement(text) for text in (*project["dependencies"], *extras[asked])]
    while left:
        need = left.pop()
        if need.name == "polyak":
            left += [Requirement(text) for extra in need.extras for text in extras[extra]]
        elif need.marker is None or any(need.marker.evaluate({"extra": e}) for e in ("", *need.extras)):
            new = {need.name, *(f"{need.name}[{extra}]" for extra in need.extras)} - found
            found |= new
            left += [
                _with(Requirement(text), need.extras)
                for text in (distribution(need.name).requires or () if new else ())
            ]
    return {name for name in found if "[" not in name}


def _with(need: Requirement, extras: set[str]) -> Requirement:
    """A requirement of a package taken with extras: it stands, or is to be dropped, whichever its marker says."""
    if need.marker is not None and any(need.marker.evaluate({"extra": extra}) for extra in extras):
        need.marker = None
    return need


def linked(packages: set[str], site: Path) -> None:
    """The packages of this environment in another: each top-level file or folder a link, and what lies in share/."""
    for name in packages:
        package = distribution(name)
        for file in map(Path, package.files or ()):
            source = Path(str(package.locate_file(file))).resolve()
            shared = (
                file.parts[file.parts.index("share") :]
                if file.parts[0] == ".." and "share" in file.parts
                else ()
            )
            place = site.parents[2].joinpath(*shared) if shared else site / file.parts[0]
            if file.parts[0] in ("..", "__pycache__") and not shared:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                place.symlink_to(source if shared else Path(str(package.locate_file(file.parts[0]))))


@dataclass(frozen=True)
class House:
    """A folder as the README's reader has it after `make study`."""

    folder: Path
    environment: dict[str, str]

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    for name in NEEDED_BY_ITSELF:
        copy(ROOT / name, folder / name)
    for name in ("examples", "docs"):
        copytree(ROOT / name, folder / name)
    venv.create(folder / ".venv", symlinks=True, with_pip=False)
    (site,) = (folder / ".venv" / "lib").glob("python3*/site-packages")
    linked(installed_by_make_study(), site)
    (site / "polyak.pth").write_text(f"{ROOT / 'src'}\n")
    command = folder / ".venv" / "bin" / "polyak"
    command.write_text(f"#!{command.with_name('python')}\nfrom polyak.cli import main\n\nmain()\n")
    command.chmod(0o755)
    (folder / ".venv" / "installed").touch()
    # A kernel leaves much out where it sees that it is tested.
    away = ("PYTEST_CURRENT_TEST", "PYTHONPATH", "POLYAK_COMPLETE", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    kept = {name: value for name, value in os.environ.items() if name not in away}
    return House(
        folder, {**kept, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "BROWSER": "true"}
    )
