"""piecewise_quadratic(breakpoints, curvatures) has these curvatures between these breaks, and its least at 0."""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk
from polyak.landscapes import piecewise_quadratic


def test_gradient_is_the_integral_of_the_curvatures():
    f = piecewise_quadratic([-2.0, -0.5, 1.0], [3.0, 1.0, 7.0, 2.0], start=4.0)
    at = np.array([-3.0, -1.0, 0.0, 0.5, 2.0])
    slopes = [-7 * 0.5 - 1 * 1.5 - 3 * 1.0, -7 * 0.5 - 1 * 0.5, 0.0, 3.5, 7.0 + 2.0]
    np.testing.assert_allclose(f.gradient(at[:, None]).ravel(), slopes, atol=1e-13)
    x = np.linspace(-4, 4, 80001)
    g = f.gradient(x[:, None]).ravel()
    # The trapezoidal rule, exact but for the three cells that hold a break: each is off by 1e-8 at most.
    integral = np.concatenate([[0.0], np.cumsum((g[1:] + g[:-1]) / 2 * np.diff(x))])
    np.testing.assert_allclose(f(x[:, None]) - f([-4.0]), integral, atol=1e-7)
    assert f([0.0]) == 0
    assert f.start == (4.0,)
    assert f.distance([[3.0]]) == pytest.approx(3.0)


def test_it_is_descended():
    f = piecewise_quadratic([1.0], [1.0, 4.0], start=3.0)
    run = pk.descend(pk.GradientDescent(lr=0.4), f, 100)
    assert abs(run.end[0]) < 1e-9


@pytest.mark.parametrize(
    ("breaks", "curvatures", "words"),
    [
        ([2.0, 1.0], [1.0, 2.0, 3.0], ["rising"]),
        ([1.0], [1.0], ["2 numbers over 0"]),
        ([1.0], [1.0, -1.0], ["over 0"]),
        ([float("nan")], [1.0, 1.0], ["breakpoints", "finite"]),
        ([], [1.0], ["breakpoints"]),
    ],
)
def test_what_is_no_such_function_is_refused(refused, breaks, curvatures, words):
    with refused(*words):
        piecewise_quadratic(breaks, curvatures)
