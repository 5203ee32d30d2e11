"""A page's function of the plane: it brings its own gradient, and its two coordinates tell their own stories."""

from __future__ import annotations

import numpy as np

import polyak as pk

eta, gamma = 0.6, 0.5


def momentum_2d(x1, x2, v1, v2):
    v1 = gamma * v1 + eta * 0.2 * x1
    v2 = gamma * v2 + eta * 4 * x2
    return x1 - v1, x2 - v2, v1, v2


def gd_2d(x1, x2, s1, s2):
    return x1 - eta * 0.2 * x1, x2 - eta * 4 * x2, 0, 0


def coupled_2d(x1, x2, s1, s2):
    return x1 - eta * (x1 + 0.5 * x2), x2 - eta * (x2 + 0.5 * x1), s1 + 1, s2


def rms_2d(x1, x2, s1, s2):
    s1 = 0.9 * s1 + 0.1 * x1**2
    return x1 - 0.1 * x1 / (s1 + 1e-6) ** 0.5, x2, s1, s2


def test_momentum_in_the_plane_is_heavy_ball_on_its_two_curvatures():
    found = pk.stability(pk.from_plane(momentum_2d))
    expected = pk.stability(pk.HeavyBall(lr=eta, momentum=gamma), [0.2, 4.0])
    np.testing.assert_allclose(found.rates, expected.rates, rtol=1e-12)
    assert found.regimes == expected.regimes
    np.testing.assert_allclose(found.path(20), expected.path(20), rtol=1e-9, atol=1e-14)
    assert np.isnan(found.curvatures).all()
    assert "On coordinate 2" in found.words()[1]
    assert "coordinate 1" in str(found) or "coordinate 2" in str(found)


def test_gradient_descent_in_the_plane_keeps_nothing():
    found = pk.stability(pk.from_plane(gd_2d))
    np.testing.assert_allclose(found.rates, [0.88, 1.4], rtol=1e-12)
    assert found.eigenvalues.shape == (2, 1)


def test_coupled_coordinates_are_one_story():
    found = pk.stability(pk.from_plane(coupled_2d))
    np.testing.assert_allclose(np.sort(np.abs(found.eigenvalues[0])), [0.1, 0.7], rtol=1e-12)
    assert len(found.rates) == 1


def test_bad_input_is_one_line(refused):
    with refused("rms_2d", "not linear"):
        pk.stability(pk.from_plane(rms_2d))
    with refused("brings its own gradient"):
        pk.stability(pk.from_plane(momentum_2d), [1.0])
