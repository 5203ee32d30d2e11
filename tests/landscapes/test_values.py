"""Every landscape's value and gradient, against numbers worked out by hand and formulas written another way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from polyak.landscapes import CATALOGUE, Landscape, ravine

EPS = np.finfo(np.float64).eps
TURN = 2 * math.pi

# Worked out on paper: landscape, point, value.
BY_HAND = [
    ("ravine", (-5, -2), 10.5),
    ("ravine", (3, 1), 2.9),
    ("ravine", (0, 0), 0),
    ("bowl", (-5, -2), 33),
    ("bowl", (3, -1), 11),
    ("rosenbrock", (-1.2, 1), 24.2),
    ("rosenbrock", (0, 0), 1),
    ("rosenbrock", (2, 3), 101),
    ("beale", (0, 0), 14.203125),
    ("beale", (1, 1.5), 41.25),
    ("himmelblau", (0, 0), 170),
    ("himmelblau", (1, 2), 68),
    ("himmelblau", (-0.5, -1), 180.3125),
    ("saddle", (2, 1), 3),
    ("saddle", (-1, 3), -8),
    ("rastrigin", (1, -2), 5),
    ("rastrigin", (0.5, 0.5), 40.5),
    ("rastrigin", (0.25, 0), 10.0625),
    ("cliff", (1, 2), 0.5 + 4 * math.tanh(1)),
    ("cliff", (0, -2), 0.4),
]


def _closed_beale(x: float, y: float) -> Any:
    a, b, c = 1.5 + x * (y - 1), 2.25 + x * (y**2 - 1), 2.625 + x * (y**3 - 1)
    slope = [
        2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1)),
        2 * x * (a + 2 * b * y + 3 * c * y**2),
    ]
    return a * a + b * b + c * c, slope


def _closed_himmelblau(x: float, y: float) -> Any:
    value = x**4 + 2 * x * x * y - 21 * x * x + 2 * x * y * y - 14 * x + y**4 - 13 * y * y - 22 * y + 170
    return value, [
        4 * x**3 + 4 * x * y - 42 * x + 2 * y * y - 14,
        2 * x * x + 4 * x * y + 4 * y**3 - 26 * y - 22,
    ]


def _closed_rastrigin(x: float, y: float) -> Any:
    # By the half angle: 1 - cos(2 pi x) = 2 sin^2(pi x).
    value = x * x + y * y + 20 * (math.sin(math.pi * x) ** 2 + math.sin(math.pi * y) ** 2)
    return value, [2 * x + 10 * TURN * math.sin(TURN * x), 2 * y + 10 * TURN * math.sin(TURN * y)]


def _closed_cliff(x: float, y: float) -> Any:
    # tanh z = 1 - 2 / (e^(2z) + 1), and its derivative 1 / cosh^2 z.
    z = min(x**8, 300.0)
    value = 0.1 * math.hypot(x, y) ** 2 + 4 * (1 - 2 / (math.exp(2 * z) + 1))
    return value, [0.2 * x + 32 * x**7 / math.cosh(z) ** 2, 0.2 * y]


# Value and gradient, written another way than in the source.
CLOSED: dict[str, Callable[[float, float], Any]] = {
    "ravine": lambda x, y: (x * x / 10 + 2 * y * y, [x / 5, 4 * y]),
    "bowl": lambda x, y: (math.hypot(x, math.sqrt(2) * y) ** 2, [2 * x, 4 * y]),
    "rosenbrock": lambda x, y: (rosen([x, y]), rosen_der(np.array([x, y]))),
    "beale": _closed_beale,
    "himmelblau": _closed_himmelblau,
    "saddle": lambda x, y: ((x - y) * (x + y), [2 * x, -2 * y]),
    "rastrigin": _closed_rastrigin,
    "cliff": _closed_cliff,
}


@pytest.fixture(params=CATALOGUE.values(), ids=CATALOGUE)
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


@pytest.mark.parametrize(("name", "point", "value"), BY_HAND)
def test_value_by_hand(name: str, point: tuple[float, float], value: float) -> None:
    assert CATALOGUE[name](point) == pytest.approx(value, rel=30 * EPS, abs=30 * EPS)


def test_every_landscape_has_values_by_hand() -> None:
    assert {name for name, _, _ in BY_HAND} == set(CATALOGUE) == set(CLOSED)


def test_value_against_another_spelling(landscape: Landscape) -> None:
    where = points(landscape)
    expected = np.array([CLOSED[landscape.name](*point)[0] for point in where.tolist()])
    np.testing.assert_allclose(landscape(where), expected, rtol=0, atol=rounding(expected))


def test_gradient_against_its_closed_form(landscape: Landscape) -> None:
    where = points(landscape)
    expected = np.array([CLOSED[landscape.name](*point)[1] for point in where.tolist()])
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
