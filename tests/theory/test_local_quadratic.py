"""A model's quadratic as a few numbers, against least squares whose Hessian and noise are written down."""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk
from polyak.theory.local_quadratic import local_quadratic
from rows_of_squares import RowsOfSquares

ROWS, SIZE = 240, 12


@pytest.fixture(scope="module")
def rows():
    draw = np.random.default_rng(0)
    X = draw.normal(size=(ROWS, SIZE)) * np.geomspace(1, 0.1, SIZE)
    y = X @ draw.normal(size=SIZE) + 0.5 * draw.normal(size=ROWS)
    return np.column_stack([X, y])


def bridge_of(rows, pieces):
    return RowsOfSquares(np.split(rows, pieces))


@pytest.mark.parametrize("preconditioned", [False, True])
def test_the_gradients_measure_has_the_gradients_moments(rows, preconditioned):
    bridge = bridge_of(rows, [50, 100, 180])  # batches of unequal sizes
    D = np.geomspace(0.5, 3, SIZE)
    scale = 1 / np.sqrt(D) if preconditioned else 1.0
    found = local_quadratic(bridge, list(bridge.batches()), kind="hessian", scale=scale)
    X, y = rows[:, :-1], rows[:, -1]
    by = 1 / np.sqrt(D) if preconditioned else np.ones(SIZE)
    H = by[:, None] * (X.T @ X / ROWS) * by
    g = by * (-(X.T @ y) / ROWS)
    assert (found.rows, found.batches) == (ROWS, 4)
    for power in (0, 1, 2, 5):
        moment = float((found.gradient.weights * found.gradient.nodes**power).sum())
        assert moment == pytest.approx(g @ np.linalg.matrix_power(H, power) @ g, rel=1e-9)
    inverse = float((found.gradient.weights / found.gradient.nodes).sum())
    assert inverse == pytest.approx(g @ np.linalg.solve(H, g), rel=1e-6)  # twice the loss above the minimum


def test_the_noises_measure_is_the_rows_own_on_average(rows):
    """tr(Sigma H^k) over many shuffles; one of them has the spread of a few pairs."""
    X, y = rows[:, :-1], rows[:, -1]
    H, each = X.T @ X / ROWS, -X * y[:, None]
    Sigma = np.cov(each.T)
    found = []
    for seed in range(30):
        bridge = bridge_of(np.random.default_rng(seed).permutation(rows), 12)
        noise = local_quadratic(bridge, list(bridge.batches()), kind="hessian").noise
        found.append([(noise.weights * noise.nodes**power).sum() for power in (0, 1, 2)])
    truth = [np.trace(Sigma @ np.linalg.matrix_power(H, power)) for power in (0, 1, 2)]
    off = np.abs(np.mean(found, axis=0) - truth)
    assert (off < 4 * np.std(found, axis=0) / np.sqrt(30)).all()
    assert (np.std(found, axis=0) < 0.6 * np.array(truth)).all()


def test_one_batch_says_nothing_of_the_noise(rows):
    bridge = bridge_of(rows, 1)
    found = local_quadratic(bridge, list(bridge.batches()), kind="hessian")
    assert found.noise is None
    assert found.products <= SIZE + 1


def test_without_a_gradient_nothing_falls(rows):
    found = np.array(rows)
    found[:, -1] = 0.0
    with pytest.raises(pk.PolyakError, match=r"the gradient of .* is 0: there is no descent"):
        local_quadratic(bridge_of(found, 4), np.split(found, 4), kind="hessian")
    found[3, 0] = np.nan
    with pytest.raises(pk.PolyakError, match=r"the gradient of .* is not finite"):
        local_quadratic(bridge_of(found, 4), np.split(found, 4), kind="hessian")
