"""Write what type checkers read of the catalogues: `make format` runs it, and a test asks whether it was run.

At run time nobody needs these files: each folder imports its own. Only what stands beside a dynamic `ours.py`, and the
names that `polyak` has from the folders, are written here.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "polyak"
FOLDERS = ("data", "landscapes", "problems", "rules")
FROM_THE_TOP = {"rules": "rules", "problems": "problems"}  # whose names `polyak` has too
HEADER = "# Written by scripts/make_stubs.py from what the files of this folder define.\n"


def _by_kind(name: str) -> tuple[int, str]:
    """As the linter sorts what is exported: constants, classes, all else."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, name


def stubs() -> dict[Path, str]:
    """The text of each stub, by its place."""
    ours = {folder: importlib.import_module(f"polyak.{folder}.ours") for folder in FOLDERS}
    texts = {SOURCE / folder / "ours.pyi": _of_folder(folder, module) for folder, module in ours.items()}
    top = SOURCE / "__init__.pyi"
    texts[SOURCE / "show" / "__init__.pyi"] = _of_figures()
    texts[top] = _of_top(top.read_text(), {folder: list(ours[folder].__all__) for folder in FROM_THE_TOP})
    return texts


def _of_folder(folder: str, module: object) -> str:
    names: list[str] = module.__all__  # type: ignore[attr-defined]
    homes: dict[str, list[str]] = {}
    for name in names:
        homes.setdefault(_home(folder, name, getattr(module, name)), []).append(name)
    lines = [
        f"from {home} import {', '.join(f'{n} as {n}' for n in sorted(homes[home]))}"
        for home in sorted(homes)
    ]
    listed = ", ".join(f'"{name}"' for name in sorted(names, key=_by_kind))
    return HEADER + "\n".join(lines) + f"\n\n__all__ = [{listed}]\n"


def _of_figures() -> str:
    """What the files of `polyak.show` offer."""
    importlib.import_module("polyak.show")
    homes = importlib.import_module("polyak.show.catalogue").homes()
    lines = [f"from .{home} import {name}" for name, home in homes.items()]
    listed = ", ".join(f'"{name}"' for name in sorted(homes, key=_by_kind))
    return HEADER + "\n".join(lines) + f"\n\n__all__ = [{listed}]\n"


def _home(folder: str, name: str, thing: object) -> str:
    """The module that defines it: a class and a function say so; of anything else its catalogue does."""
    if isinstance(thing, type) or (callable(thing) and hasattr(thing, "__qualname__")):
        return str(thing.__module__)
    return str(importlib.import_module(f"polyak.{folder}").CATALOGUE.home(name))


def _of_top(text: str, ours: dict[str, list[str]]) -> str:
    """`polyak/__init__.pyi` with each folder's own names among those that it has from there by hand."""
    for folder, names in ours.items():
        block = re.search(rf"^from \.{folder} import (\([^)]*\)|[^\n]*)", text, re.M)
        assert block, folder
        module = importlib.import_module(f"polyak.{folder}")
        by_hand = [n for n in re.findall(r"\w+", block[1]) if n in set(module.__all__) - set(names)]
        text = text.replace(
            block[0], f"from .{folder} import {', '.join(sorted({*by_hand, *_public(names)}))}"
        )
    tree = ast.parse(text)
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    listed = ", ".join(f'"{name}"' for name in sorted(imported, key=_by_kind))
    return re.sub(r"__all__ = \[[^\]]*\]", f"__all__ = [{listed}]", text)


def _public(names: list[str]) -> list[str]:
    return [name for name in names if name != "LinearRule"]


def formatted(text: str) -> str:
    """As `ruff format` writes it."""
    import subprocess

    ruff = Path(sys.executable).with_name("ruff")
    sort = subprocess.run(
        [ruff, "check", "--select", "I", "--fix", "--quiet", "--stdin-filename", SOURCE / "x.pyi", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return subprocess.run(
        [ruff, "format", "--stdin-filename", SOURCE / "x.pyi", "-"],
        input=sort.stdout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def main() -> None:
    """Write them."""
    for path, text in stubs().items():
        path.write_text(formatted(text))


if __name__ == "__main__":
    main()
