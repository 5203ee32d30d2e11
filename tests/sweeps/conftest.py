"""What the tests of sweeps share: the cells of a plane, each beside the same run made alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from polyak.problems import Problem, perceptron, softmax_regression
from runs import *  # noqa: F403  fixtures, by their names
from runs import _by_hand  # noqa: F401


def cells_of(dataset: xr.Dataset, axes: Any) -> Iterator[tuple[dict[str, float], xr.Dataset]]:
    """Every cell of a grid: its settings by name, and what is recorded of it."""
    for place in np.ndindex(*[dataset.sizes[name] for name in axes]):
        where = dict(zip(axes, place))
        yield {name: float(dataset[name][k]) for name, k in where.items()}, dataset.isel(where)


def rounded_apart(ours: Any, theirs: Any) -> float:
    """The largest distance in units of the last place of the largest number of a run; inf where one is not finite."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    finite = np.isfinite(theirs)
    if not np.array_equal(finite, np.isfinite(ours)):
        return np.inf
    if not finite.any():
        return 0.0
    apart = np.abs(ours - theirs, where=finite, out=np.zeros_like(ours))
    return float(apart.max() / np.spacing(np.abs(theirs[finite]).max()))


def files_of(store: Path) -> dict[str, bytes]:
    """Every file of a store with its bytes."""
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


@pytest.fixture(scope="session", name="cells_of")
def _cells_of() -> Callable[..., Any]:
    return cells_of


@pytest.fixture(scope="session", name="rounded_apart")
def _rounded_apart() -> Callable[..., float]:
    return rounded_apart


@pytest.fixture(scope="session", name="files_of")
def _files_of() -> Callable[..., dict[str, bytes]]:
    return files_of


@pytest.fixture(scope="session")
def softmax(three: Any) -> Problem:
    return softmax_regression(three)


@pytest.fixture(scope="session")
def network(three: Any) -> Problem:
    return perceptron(three, hidden=(5,))
