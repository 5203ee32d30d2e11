"""What the tests of the old names share: the seed text, the aliases, and pictures that no window shows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import pytest

matplotlib.use("Agg")

SEED = Path(__file__).parents[3] / "shared" / "seed" / "momentum.skl.md"


@pytest.fixture(scope="session")
def seed_text() -> str:
    """The text that Polyak grew from; where it is not at hand, a skip (a failure where POLYAK_COMPLETE is 1)."""
    file = Path(os.environ.get("POLYAK_SEED") or SEED)
    if not file.exists():
        pytest.skip(f"{file.name} is not at hand: name the file in POLYAK_SEED")
    return file.read_text(encoding="utf-8")


@pytest.fixture
def old_names() -> Iterator[None]:
    """The old names installed, and taken away again."""
    from polyak.book.gluonbook import aliases

    aliases.install()
    yield
    aliases.uninstall()


@pytest.fixture(autouse=True)
def pyplot() -> Iterator[Any]:
    """No figure left open, before and after; and its settings as they were."""
    from matplotlib import pyplot

    pyplot.close("all")
    with matplotlib.rc_context():
        yield pyplot
    pyplot.close("all")


@pytest.fixture
def features_and_labels() -> tuple[Any, Any]:
    """A small problem in the shape of the chapter's: 53 rows of 3 standardised features."""
    import numpy as np

    from polyak.book.gluonbook.mx import nd

    rng = np.random.default_rng(5)
    X = rng.normal(size=(53, 3))
    y = X @ [1.0, -0.5, 0.25] + 0.3 * rng.normal(size=53)
    return nd.array(X), nd.array(y)


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Every test draws the same random numbers, whichever ran before it."""
    from polyak.book.gluonbook.mx import random

    random.seed(0)
