"""What the tests of the old names share: the aliases, and pictures that no window shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import pytest

matplotlib.use("Agg")


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
