"""Every landscape's value and gradient, against numbers by hand and formulas written another way, in `worked/`."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

from polyak.landscapes import CATALOGUE, Landscape, ravine
from worked import worked

EPS = np.finfo(np.float64).eps


@pytest.fixture(params=CATALOGUE.ours().values(), ids=CATALOGUE.ours())
def landscape(request: pytest.FixtureRequest) -> Landscape:
    return request.param


def points(landscape: Landscape) -> np.ndarray:
    """Points all over the window, its corners, the start and the minimisers."""
    low, high = np.array(landscape.window).T
    spread = np.random.default_rng(3).uniform(low, high, size=(200, 2))
    corners = [(a, b) for a in landscape.window[0] for b in landscape.window[1]]
    return np.vstack([spread, corners, [landscape.start], *[[m] for m in landscape.minimisers]])


def rounding(values: np.ndarray) -> float:
    """What rounding may do: some 30 operations, each off by an eps of what occurs in the window at most."""
    return 30 * EPS * float(np.abs(values).max())


def test_value_by_hand(landscape: Landscape) -> None:
    by_hand = worked("landscapes", landscape.name).BY_HAND
    assert len(by_hand) > 1
    for point, value in by_hand:
        assert landscape(point) == pytest.approx(value, rel=30 * EPS, abs=30 * EPS)


def test_value_against_another_spelling(landscape: Landscape) -> None:
    where = points(landscape)
    expected = np.array([worked("landscapes", landscape.name).closed(*point)[0] for point in where.tolist()])
    np.testing.assert_allclose(landscape(where), expected, rtol=0, atol=rounding(expected))


def test_gradient_against_its_closed_form(landscape: Landscape) -> None:
    where = points(landscape)
    expected = np.array([worked("landscapes", landscape.name).closed(*point)[1] for point in where.tolist()])
    tolerance = rounding(expected)
    if landscape.name == "cliff":
        # JAX's 1 - tanh^2 is off by an eps or two of 1, and is multiplied by 4 (x^8)'.
        tolerance += 4 * EPS * np.abs(32 * where**7)
    assert (np.abs(landscape.gradient(where) - expected) <= tolerance).all()


def test_gradient_against_central_differences(landscape: Landscape) -> None:
    where = points(landscape)

    def differences(h: float) -> np.ndarray:
        ahead, behind = ([landscape(where + sign * h * axis) for axis in np.eye(2)] for sign in (1, -1))
        return (np.array(ahead) - np.array(behind)).T / (2 * h)

    h = 1e-4
    fine, coarse = differences(h / 2), differences(h)
    # Halving h leaves a quarter of the truncation: |coarse - fine| is three times what is left in `fine`.
    tolerance = np.abs(coarse - fine) + rounding(landscape(where)) / h
    assert (np.abs(landscape.gradient(where) - fine) <= tolerance).all()
    scale = np.abs(fine).max()
    assert tolerance.max() < 1e-3 * scale, "the differences are too coarse to tell"


def test_one_point_is_a_float_and_many_keep_their_shape(landscape: Landscape) -> None:
    grid = np.random.default_rng(4).uniform(-1, 1, size=(3, 4, 2))
    assert isinstance(landscape(landscape.start), float)
    assert landscape(grid).shape == (3, 4)
    assert landscape.gradient(grid).shape == (3, 4, 2)
    assert landscape(grid)[1, 2] == landscape(grid[1, 2])
    assert landscape(grid).dtype == landscape.gradient(grid).dtype == np.float64


@pytest.mark.parametrize("point", [1.0, (1, 2, 3), np.zeros((2, 1))])
def test_a_point_of_another_dimension_is_refused(point: Any, refused: Any) -> None:
    with refused("ravine", "shape", "(..., 2)"):
        ravine(point)
    with refused("ravine", "(..., 2)"):
        ravine.gradient(point)


def test_it_can_be_pickled(landscape: Landscape) -> None:
    again = pickle.loads(pickle.dumps(landscape.starting_at([1.0, -4.0])))
    assert again.function is landscape.function
    assert again.start == (1.0, -4.0)


def test_starting_at() -> None:
    moved = ravine.starting_at([1, -4])
    assert moved.start == (1.0, -4.0)
    assert ravine.start == (-5.0, -2.0)
    assert (moved.function, moved.window, moved.name) == (ravine.function, ravine.window, "ravine")


@pytest.mark.parametrize(
    "start", [(1,), (1, 2, 3), (1, math.nan), (math.inf, 0), "12", "ab", 5, (), ("x", "y")]
)
def test_a_bad_start_is_refused(start: Any, refused: Any) -> None:
    with refused("start"):
        ravine.starting_at(start)


def test_description() -> None:
    assert repr(ravine) == "Landscape(ravine, start=(-5.0, -2.0))"
    shown = ravine._repr_markdown_()
    assert all(part in shown for part in ("ravine", ravine.formula, ravine.source))
