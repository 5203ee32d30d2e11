"""A framework that somebody adds: a package in a folder of its own, registered while a test runs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from polyak.frameworks import FRAMEWORKS

MLX = {
    "__init__.py": """
from polyak.frameworks.framework import Framework, register

register(Framework(__name__, "MLX"))
""",
    "spelling.py": """
import dataclasses

from polyak.frameworks import SPELLINGS as KNOWN

SPELLINGS = (
    dataclasses.replace(KNOWN["torch:SGD"], name="mlx:SGD", line="mlx.optimizers.SGD({})"),
)
WITHOUT_RULE = ("Lion",)
""",
}


@contextmanager
def added(folder: Path, prefix: str, files: Mapping[str, str]) -> Iterator[None]:
    """The package `prefix` made of these files inside another one, imported, and forgotten afterwards."""
    package = folder / "somebodys" / prefix
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    for name, text in files.items():
        (package / name).write_text(text, "utf-8")
    before = dict(FRAMEWORKS)
    _forgotten()  # another test's package of that name
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        importlib.import_module(f"somebodys.{prefix}")
        yield
    finally:
        sys.path.remove(str(folder))
        _forgotten()
        FRAMEWORKS.clear()
        FRAMEWORKS.update(before)


def _forgotten() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "somebodys"]:
        del sys.modules[name]


@pytest.fixture(name="mlx")
def mlx_fixture(tmp_path: Path) -> Iterator[None]:
    """A framework known by its spellings alone."""
    with added(tmp_path, "mlx", MLX):
        yield
