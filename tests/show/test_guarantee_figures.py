"""The figure of a guarantee draws both rates and the function on which a rule fails: read back off what was drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

import polyak as pk
from polyak.show import guarantee_figure, plot
from polyak.theory import guarantee_curve

BETWEEN = {"smoothness": 25.0, "strong_convexity": 1.0}


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def test_both_rates_are_drawn_where_they_are_and_the_setting_is_marked():
    g = pk.guarantee(pk.GradientDescent(lr=0.05), **BETWEEN)
    lrs = [0.02, 0.05, 0.077, 0.09]
    (axes,) = guarantee_figure(g, curve=guarantee_curve(g.rule, 25, 1, lrs)).axes
    drawn = lines(axes)
    exact = [max(abs(1 - lr), abs(1 - 25 * lr)) for lr in lrs]
    np.testing.assert_allclose(drawn["worst of all quadratics"].get_ydata(), exact, rtol=1e-9)
    certified = drawn["certified for all functions"]
    np.testing.assert_allclose(certified.get_xdata(), lrs)
    np.testing.assert_allclose(certified.get_ydata()[:3], exact[:3], rtol=1e-3)
    assert math.isnan(certified.get_ydata()[3])
    np.testing.assert_allclose(drawn["here"].get_xydata(), [[0.05, 0.95]], atol=1e-5)


def test_the_cycle_is_drawn_on_its_function():
    g = pk.guarantee(pk.HeavyBall(lr=1 / 9, momentum=4 / 9), **BETWEEN)
    curve = guarantee_curve(g.rule, 25, 1, [0.05, 0.111])
    rates, beside = guarantee_figure(g, curve=curve).axes
    cycle = lines(beside)["the cycle"].get_xydata()
    assert {round(x, 6) for x in cycle[:, 0]} == {round(x, 6) for x in g.cycle}
    np.testing.assert_allclose(cycle[:, 1], g.counterexample(cycle[:, :1]))
    assert "nothing certified" in [part.get_label() for part in rates.collections]


def test_result_draws_itself_with_a_curve_of_its_own():
    g = pk.guarantee(pk.GradientDescent(lr=0.1), smoothness=1, strong_convexity=1)
    (axes,) = plot(g).axes
    drawn = lines(axes)["certified for all functions"]
    assert len(drawn.get_xdata()) == 40
    below = drawn.get_ydata()[np.isfinite(drawn.get_ydata())]
    np.testing.assert_allclose(below, np.abs(1 - drawn.get_xdata()[: len(below)]), atol=1e-9)
    assert "<img" in g._repr_html_()


def test_growth_is_drawn():
    g = pk.guarantee(pk.GradientDescent(lr=0.1), **BETWEEN)
    _, beside = guarantee_figure(g, curve=guarantee_curve(g.rule, 25, 1, [0.05, 0.1])).axes
    run = lines(beside)["the run"].get_xydata()
    np.testing.assert_allclose(run[:4, 0], [1, -1.5, 2.25, -3.375])
    assert pytest.approx(1.5) == g.quadratic_rate
