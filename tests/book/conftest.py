"""What the tests of documents share."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyak.book import Reading, read
from polyak.data.fashion_mnist import FILES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLYAK_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def reading(folder: Path) -> Callable[..., tuple[Reading, str]]:
    """`reading("text")`: a document of this text, read without the old names; what it came to, and the page."""

    def run(text: str, **settings: Any) -> tuple[Reading, str]:
        (folder / "a.md").write_text(text, encoding="utf-8")
        result = read("a.md", **({"real": True, "timeout": 60.0} | settings))
        return result, result.path.read_text("utf-8")

    return run


@pytest.fixture(scope="session")
def seed() -> Path:
    """The text that Polyak grew from; where it is not at hand, a skip (a failure where POLYAK_COMPLETE is 1)."""
    place = Path(__file__).parents[2].parent / "shared" / "seed" / "momentum.skl.md"
    if not place.is_file():
        pytest.skip("momentum.skl.md is not at hand: it belongs in ../shared/seed")
    return place


@pytest.fixture
def small_fashion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four files of Fashion-MNIST's format with 40 pictures to train on and 16 to test on, in POLYAK_DATA."""
    folder = tmp_path / "data"
    folder.mkdir()
    generator = np.random.default_rng(7)
    for name in FILES:
        rows = 40 if name.startswith("train") else 16
        labels = np.arange(rows) % 10
        if "images" in name:
            # The class is a bright row, so that it can be learned.
            pictures = generator.integers(0, 60, (rows, 28, 28))
            pictures[np.arange(rows), 2 * labels] = 255
            content = struct.pack(">HBB3I", 0, 8, 3, *pictures.shape) + pictures.astype(np.uint8).tobytes()
        else:
            content = struct.pack(">HBBI", 0, 8, 1, rows) + labels.astype(np.uint8).tobytes()
        (folder / name).write_bytes(gzip.compress(content, mtime=0))
    monkeypatch.setenv("POLYAK_DATA", str(folder))
    return folder
