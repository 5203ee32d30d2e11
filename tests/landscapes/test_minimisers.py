"""The known minimisers are minimisers, of the known value; the start and they lie in the window."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyak.landscapes import CATALOGUE, Landscape
from worked import worked

EPS = np.finfo(np.float64).eps
OURS = CATALOGUE.ours()
MINIMA = [(landscape, m) for landscape in OURS.values() for m in landscape.minimisers]
named = pytest.mark.parametrize(
    ("landscape", "minimiser"), MINIMA, ids=[f"{landscape.name}-{m[0]:.3g}" for landscape, m in MINIMA]
)


@functools.cache
def compiled(function: Any) -> Any:
    return jax.jit(jax.hessian(function))


def hessian(landscape: Landscape, x: Any) -> np.ndarray:
    with jax.enable_x64(True):
        return np.asarray(compiled(landscape.function)(np.array(x)))


@pytest.mark.parametrize("landscape", OURS.values(), ids=OURS)
def test_how_many_are_known(landscape: Landscape) -> None:
    assert len(set(landscape.minimisers)) == worked("landscapes", landscape.name).MINIMISERS


@named
def test_the_gradient_is_zero_there(landscape: Landscape, minimiser: Any) -> None:
    # A minimiser off by an eps of its size leaves a gradient of the curvature times that; as much again for
    # each of the gradient's few roundings.
    curvature = np.linalg.norm(hessian(landscape, minimiser), 2)
    tolerance = 8 * EPS * curvature * max(1.0, float(np.abs(minimiser).max()))
    assert np.abs(landscape.gradient(minimiser)).max() <= tolerance


@named
def test_the_curvature_is_positive_there(landscape: Landscape, minimiser: Any) -> None:
    assert np.linalg.eigvalsh(hessian(landscape, minimiser)).min() > 0


@named
def test_the_value_there_is_zero(landscape: Landscape, minimiser: Any) -> None:
    # The squares of what an eps in the minimiser leaves; for rastrigin, 20 - 20 to a few eps.
    assert 0 <= landscape(minimiser) <= 20 * EPS


@named
@given(angle=st.floats(0, 2 * math.pi), part=st.floats(1e-3, 1.0))
@example(angle=0.0, part=1e-3)
def test_every_point_around_is_higher(
    landscape: Landscape, minimiser: Any, angle: float, part: float
) -> None:
    away = part * worked("landscapes", landscape.name).REACH * np.array([math.cos(angle), math.sin(angle)])
    assert landscape(np.add(minimiser, away)) > landscape(minimiser)


@pytest.mark.parametrize("landscape", OURS.values(), ids=OURS)
def test_no_point_of_the_window_is_lower(landscape: Landscape) -> None:
    grid = np.stack(np.meshgrid(*[np.linspace(*ends, 301) for ends in landscape.window]), axis=-1)
    if landscape.minimisers:
        assert landscape(grid).min() >= -20 * EPS
    else:
        edge = landscape.window[1][1] ** 2
        assert landscape(grid).min() == pytest.approx(-edge)


def test_the_saddle_has_no_minimiser() -> None:
    saddle = CATALOGUE["saddle"]
    assert np.all(saddle.gradient([0.0, 0.0]) == 0)
    assert np.linalg.eigvalsh(hessian(saddle, [0.0, 0.0])) == pytest.approx([-2, 2])
    assert saddle([0.0, 1e3]) == -1e6


@pytest.mark.parametrize("landscape", OURS.values(), ids=OURS)
def test_the_window_shows_start_and_minimisers(landscape: Landscape) -> None:
    assert landscape.dimension == 2
    for point in (landscape.start, *landscape.minimisers):
        for value, (low, high) in zip(point, landscape.window, strict=True):
            assert low < value < high


def test_rastrigin_has_traps() -> None:
    rastrigin = CATALOGUE["rastrigin"]
    # Next to each whole number lies a local minimum, higher than the one at the origin.
    assert rastrigin([1.0, 0.0]) < min(rastrigin([0.8, 0.0]), rastrigin([1.2, 0.0]))
    assert rastrigin([1.0, 0.0]) == pytest.approx(1.0)


def test_the_cliff_is_a_wall_between_two_plains() -> None:
    cliff = CATALOGUE["cliff"]
    slopes = np.abs(cliff.gradient([[0.5, 0.0], [1.0, 0.0], [1.5, 0.0]]))[:, 0]
    assert slopes[1] > 10
    assert slopes[[0, 2]].max() < 0.5


def test_distance() -> None:
    ravine, himmelblau, saddle = (CATALOGUE[name] for name in ("ravine", "himmelblau", "saddle"))
    assert ravine.distance([3.0, -4.0]) == 5.0
    assert ravine.distance([[3.0, -4.0], [0.0, 0.0]]).tolist() == [5.0, 0.0]
    # To the nearest of four: (3, 2) here.
    assert himmelblau.distance([4.0, 2.0]) == 1.0
    assert himmelblau.distance(himmelblau.minimisers).tolist() == [0.0] * 4
    assert np.isnan(saddle.distance([[1.0, 2.0], [0.0, 0.0]])).tolist() == [True, True]
