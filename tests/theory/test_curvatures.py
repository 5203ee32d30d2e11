"""Where curvatures are from: numbers, landscapes, traces, problems."""

from __future__ import annotations

import sys

import jax
import numpy as np
import pytest

import polyak as pk
from matrices import Batch, matrix_model
from polyak.theory import curvatures

RULE = pk.HeavyBall(lr=0.1, momentum=0.5)


def test_numbers_in_rising_order():
    assert curvatures([4, 0.2]).values.tolist() == [0.2, 4.0]
    assert curvatures(3).values.tolist() == [3.0]


def test_a_landscape_at_its_minimiser():
    found = curvatures(pk.landscapes.quadratic([1.0, 4.0, 9.0], rotation=30.0, minimiser=[1.0, 2.0, 3.0]))
    np.testing.assert_allclose(found.values, [1, 4, 9], rtol=1e-12)
    assert "(1, 2, 3)" in found.origin


def test_the_minimiser_nearest_to_the_start():
    himmelblau = pk.landscapes.himmelblau
    for minimiser in himmelblau.minimisers:
        near = himmelblau.starting_at(np.array(minimiser) + 0.1)
        x, y = minimiser
        # second derivatives of (x^2 + y - 11)^2 + (x + y^2 - 7)^2
        mixed = 4 * x + 4 * y
        H = np.array([[12 * x**2 + 4 * y - 42, mixed], [mixed, 12 * y**2 + 4 * x - 26]])
        np.testing.assert_allclose(curvatures(near).values, np.linalg.eigvalsh(H), rtol=1e-6)


def test_a_saddle_is_answered_and_said():
    s = pk.stability(RULE, "saddle")
    assert s.saddle
    assert s.regimes[0] == "diverging"
    assert "a saddle" in s.words()[0]
    assert "a saddle" in str(s)
    assert np.isnan(s.condition_number)
    assert s.max_lr == pytest.approx(3 / s.curvatures[-1])  # of the directions that pull
    alone = pk.stability(RULE, -1.0)
    assert (alone.saddle, alone.max_lr) == (True, 0.0)


def test_along_a_trace_each_place_has_its_own():
    trace = pk.descend(pk.HeavyBall(lr=0.001, momentum=0.5), "rosenbrock", steps=5)
    s = pk.stability(RULE, trace)
    assert s.places.tolist() == [k for k in range(6) for _ in range(2)]
    x, y = trace.positions[3]
    H = np.array([[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200]])
    np.testing.assert_allclose(s.curvatures[s.places == 3], np.linalg.eigvalsh(H), rtol=1e-9)
    assert s.to_xarray().place.values.tolist() == s.places.tolist()


def test_a_trace_that_diverges_is_followed_as_far_as_it_is_finite():
    trace = pk.descend(pk.GradientDescent(lr=1e6), "ravine", steps=200)
    assert trace.diverged_at is not None
    found = curvatures(trace)
    assert found.places.max() < 200
    np.testing.assert_allclose(np.unique(found.values.round(9)), [0.2, 4.0])


@pytest.mark.parametrize("columns", [1, 2, 12])
def test_a_problems_curvatures_are_its_matrixs(columns):
    rng = np.random.default_rng(columns)
    X = rng.normal(size=(50, columns)) * np.geomspace(0.1, 3, columns)
    problem = pk.linear_regression((X, rng.normal(size=50)))
    ones = np.column_stack([X, np.ones(50)])
    expected = np.linalg.eigvalsh(ones.T @ ones / 50)
    found = curvatures(problem)
    np.testing.assert_allclose(found.values, expected, rtol=1e-9)
    np.testing.assert_allclose(found.ends, expected[[0, -1]], rtol=1e-9)


def test_of_many_parameters_the_ends_by_lanczos_are_its_matrixs(monkeypatch):
    X = np.random.default_rng(1).normal(size=(80, 30))
    problem = pk.linear_regression((X, X[:, 0]))
    expected = curvatures(problem)
    monkeypatch.setattr(sys.modules["polyak.theory.curvatures"], "MOST_WHOLE", 30)
    found = curvatures(problem)
    np.testing.assert_allclose(found.values, expected.ends, rtol=1e-9)
    assert "the ends of its spectrum" in found.origin


def test_a_problems_hessian_is_taken_where_it_is_asked_for():
    data = ([[1.0], [2.0], [-1.0], [0.5]], [1, 1, 0, 0])
    problem = pk.logistic_regression(data)
    params = {"weight": np.array([0.7]), "bias": np.array(-0.2)}
    X = np.array([[1.0, 1], [2, 1], [-1, 1], [0.5, 1]])
    p = 1 / (1 + np.exp(-X @ [0.7, -0.2]))
    H = (X * (p * (1 - p))[:, None]).T @ X / 4
    found = curvatures(problem, params=params)
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(H), rtol=1e-9)
    assert "the given parameters" in found.origin


def test_a_product_forms_no_matrix():
    """650 parameters: a Hessian would be an array of 650 by 650."""
    problem = pk.softmax_regression(pk.data.digits())
    from polyak.theory.hessian import Hessian, _product

    with jax.enable_x64(True):
        H = Hessian(problem, problem.init(np.random.default_rng(0)))
        arguments = (H._tree, H._point, H._point, H._X, H._y)
        shapes = str(jax.make_jaxpr(_product, static_argnums=0)(problem.loss, *arguments))
    assert H.size == 650
    assert "650,650" not in shapes


def test_a_models_as_they_were_measured():
    """Largest stable lr of the heavy ball, (2 + 2 m)/L, of the largest that was found."""
    c = pk.curvature(matrix_model(Batch(np.array([0.0, 1.0, 4.0, 0.5]), 3)), top=2, bottom=1)
    s = pk.stability(RULE, c)
    np.testing.assert_allclose(s.curvatures, [1, 4])
    assert s.max_lr == pytest.approx(3 / 4)
    assert "over all 3 rows" in s.origin


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ([1.0, 0.0], "curvature 2 of 2 is 0"),
        (0.0, "the curvature is 0"),
        ([np.nan], "is nan"),
        (np.inf, "is inf"),
        ([], "empty"),
        ([[1.0, 0.0], [0.0, 2.0]], "shape (2, 2)"),
        ("0.2,4", "unknown landscape"),
        ("ravin", "did you mean 'ravine'"),
        ([1.0, "x"], "expected a number or a list of numbers"),
        (True, "True"),
        (..., "expected a number or a list"),
    ],
    ids=str,
)
def test_bad_curvatures_are_one_line(bad, words, refused):
    with refused(words):
        pk.stability(RULE, bad)


def test_other_bad_input_is_one_line(refused):
    with refused("needs curvatures"):
        pk.stability(RULE)
    with refused("not linear"):
        pk.stability(pk.Adam(lr=0.1), [1.0])
    with refused("params are given"):
        pk.stability(RULE, [1.0], params={})
    with refused("do not have the shapes"):
        pk.stability(RULE, pk.linear_regression(pk.data.diabetes()), params=np.zeros(3))
    with refused("lr is a schedule", "at=0"):
        pk.stability(pk.HeavyBall(lr=lambda step: 0.1, momentum=0.5), [1.0])
    with refused("fraction is 1"):
        pk.stability(RULE, [1.0]).steps_to(1)
    with refused("start is"):
        pk.stability(RULE, [1.0]).path(start=[1.0, 2.0])


def test_of_one_step_of_a_schedule():
    s = pk.stability(pk.HeavyBall(lr=lambda step: 0.1 * (step + 1), momentum=0.5), [1.0], at=3)
    assert s.rate == pytest.approx(pk.stability(pk.HeavyBall(lr=0.4, momentum=0.5), [1.0]).rate)
    assert s.max_lr == pytest.approx(3)


def test_a_flat_landscape_is_refused(refused):
    with refused("flat"):
        pk.stability(RULE, pk.landscapes.from_function(lambda x, y: 3.0 + 0 * x * y, minimisers=[(0, 0)]))
