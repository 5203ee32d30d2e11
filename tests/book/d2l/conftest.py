"""What the tests of the later editions' helpers share."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from polyak.book.d2l.pictures import FILES


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
