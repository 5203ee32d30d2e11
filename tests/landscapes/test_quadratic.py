"""quadratic(eigenvalues, rotation, minimiser) has the curvatures, the axes and the minimiser it was asked for."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyak.landscapes import Landscape, quadratic

EPS = np.finfo(np.float64).eps


def hessian(landscape: Landscape, x: Any) -> np.ndarray:
    with jax.enable_x64(True):
        # Untouched by jit: a new landscape each time would compile each time.
        return np.asarray(jax.hessian(landscape.function)(np.array(x)))


def turned(n: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def quadratics(n: int) -> st.SearchStrategy[tuple[list[float], np.ndarray, list[float]]]:
    # Nothing that halves to less than the least normal float: XLA's arithmetic takes that for 0.
    curvature = st.floats(-100, 100).map(lambda value: value if abs(value) > 1e-300 else 0.0)
    curvatures = st.lists(curvature, min_size=n, max_size=n)
    places = st.lists(st.floats(-10, 10), min_size=n, max_size=n)
    return st.tuples(curvatures, st.integers(0, 1000).map(lambda seed: turned(n, seed)), places)


@pytest.mark.parametrize("n", [1, 2, 5])
@settings(max_examples=10)
@given(data=st.data())
def test_the_hessian_has_these_eigenvalues(n: int, data: Any) -> None:
    curvatures, Q, c = data.draw(quadratics(n))
    landscape = quadratic(curvatures, rotation=Q, minimiser=c)
    H = hessian(landscape, landscape.start)
    # Q diag Q^T: 2 n products and sums an entry; an eigenvalue moves by at most the matrix's norm.
    tolerance = 4 * n * n * EPS * max(map(abs, curvatures))
    np.testing.assert_allclose(np.linalg.eigvalsh(H), np.sort(curvatures), rtol=0, atol=tolerance)
    # The columns of Q are the axes: H q = lambda q.
    np.testing.assert_allclose(H @ Q, Q * curvatures, rtol=0, atol=tolerance)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_value_and_gradient(n: int) -> None:
    rng = np.random.default_rng(n)
    curvatures, Q, c = rng.uniform(0.1, 9, size=n), turned(n, n), rng.normal(size=n)
    landscape = quadratic(curvatures, rotation=Q, minimiser=c)
    x = rng.normal(size=(50, n)) * 3
    along = (x - c) @ Q
    tolerance = 10 * n * n * EPS * 9 * np.abs(x - c).max() ** 2
    np.testing.assert_allclose(landscape(x), (curvatures * along**2).sum(axis=1) / 2, rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        landscape.gradient(x), (curvatures * along) @ Q.T, rtol=0, atol=tolerance / np.abs(x - c).max()
    )
    assert landscape.minimisers == (tuple(c.tolist()),)
    assert landscape(c) == 0
    assert np.all(landscape.gradient(c) == 0)


def test_an_angle_turns_the_first_plane() -> None:
    tilted = quadratic([1.0, 4.0, 9.0], rotation=30)
    c, s = math.cos(math.pi / 6), math.sin(math.pi / 6)
    axes = [[c, s, 0], [-s, c, 0], [0, 0, 1]]
    assert [tilted(axis) for axis in axes] == pytest.approx([0.5, 2.0, 4.5], rel=20 * EPS)


def test_unturned_it_is_the_sum_of_squares() -> None:
    plain = quadratic([0.2, 4.0])
    assert plain([-5, -2]) == pytest.approx(10.5, rel=4 * EPS)
    assert plain.gradient([-5, -2]) == pytest.approx([-1, -8], rel=4 * EPS)
    assert plain.name == "quadratic:0.2,4"
    assert plain.start == (-1.0, -1.0)


def test_the_start_is_seen_from_the_minimiser_along_the_axes() -> None:
    Q, c = turned(5, 1), np.arange(5.0)
    landscape = quadratic([1, 2, 3, 4, 5], rotation=Q, minimiser=c)
    np.testing.assert_allclose((np.array(landscape.start) - c) @ Q, -np.ones(5), atol=20 * EPS)
    assert landscape.distance(landscape.start) == pytest.approx(math.sqrt(5))
    assert quadratic([1, 2], start=(7, 8)).start == (7.0, 8.0)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_window_shows_start_and_minimiser(n: int) -> None:
    landscape = quadratic([3.0] * n, rotation=turned(n, 2), minimiser=np.full(n, 4.0))
    for point in (landscape.start, *landscape.minimisers):
        for value, (low, high) in zip(point, landscape.window, strict=False):
            assert low < value < high


@pytest.mark.parametrize("curvatures", [(1.0, -1.0), (0.0, 2.0), (-1.0,)])
def test_no_minimiser_unless_every_curvature_is_positive(curvatures: Any) -> None:
    assert quadratic(curvatures).minimisers == ()


BAD = [
    ({"eigenvalues": []}, "eigenvalues"),
    ({"eigenvalues": [1, math.nan]}, "eigenvalues"),
    ({"eigenvalues": [1, math.inf]}, "eigenvalues"),
    ({"eigenvalues": "1,4"}, "eigenvalues"),
    ({"eigenvalues": ["a"]}, "eigenvalues"),
    ({"eigenvalues": 3.0}, "eigenvalues"),
    ({"minimiser": (1,)}, "minimiser has 1 coordinates, expected 2"),
    ({"minimiser": (1, math.nan)}, "minimiser"),
    ({"start": (1, 2, 3)}, "start has 3 coordinates, expected 2"),
    ({"rotation": math.nan}, "rotation"),
    ({"rotation": "round"}, "rotation"),
    ({"rotation": [[1, 1], [0, 1]]}, "orthogonal 2 by 2"),
    ({"rotation": np.eye(3)}, "orthogonal 2 by 2"),
    ({"rotation": [[1], [2, 3]]}, "orthogonal 2 by 2"),
    ({"rotation": [["a", "b"], ["c", "d"]]}, "orthogonal 2 by 2"),
    ({"eigenvalues": [1], "rotation": 30}, "two dimensions"),
]


@pytest.mark.parametrize(("options", "said"), BAD)
def test_bad_input(options: dict[str, Any], said: str, refused: Any) -> None:
    with refused(said):
        quadratic(**{"eigenvalues": [1, 2], **options})


def test_what_was_compiled_for_a_quadratic_serves_when_it_is_named_again():
    one, again, other = (
        quadratic(curvatures).function for curvatures in ([1.0, 4.0], [1.0, 4.0], [1.0, 4.5])
    )
    assert one is again
    assert one is not other
    assert quadratic([1.0, 4.0], minimiser=[0.0, 1.0]).function is not one
    assert quadratic([1.0, 4.0], rotation=30).function is not one
