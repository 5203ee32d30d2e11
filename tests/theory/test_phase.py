"""The phase diagram: each cell is what `stability` says of it, and its borders are the formulas'."""

from __future__ import annotations

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory import REGIMES

A, G = np.linspace(0.01, 4.3, 60), np.linspace(0, 0.99, 50)


@pytest.mark.parametrize("curvature", [1.0, 7.0])
def test_the_cells_are_what_stability_says(curvature):
    for cls in (pk.HeavyBall, pk.Nesterov, pk.QuasiHyperbolic):
        diagram = pk.phase_diagram(cls, lr_curvature=[0.3, 1.7, 2.9], values=[0.1, 0.8], curvature=curvature)
        for a in diagram.lr_curvature.values:
            for g in diagram.momentum.values:
                s = pk.stability(cls(lr=a / curvature, momentum=g), [curvature])
                cell = diagram.sel(lr_curvature=a, momentum=g)
                assert float(cell.rate) == pytest.approx(s.rate, rel=1e-12)
                assert REGIMES[int(cell.regime)] == s.regimes[0]


def test_the_borders_of_the_heavy_ball():
    d = pk.phase_diagram(pk.HeavyBall, lr_curvature=A, values=G)
    a, g = np.meshgrid(A, G, indexing="ij")
    expected = np.select(
        [a > 2 + 2 * g, a > (1 + np.sqrt(g)) ** 2, a > (1 - np.sqrt(g)) ** 2], [4, 3, 2], default=0
    )
    np.testing.assert_array_equal(d.regime.values, expected)
    ripples = expected == 2
    np.testing.assert_allclose(d.rate.values[ripples], np.sqrt(g)[ripples], rtol=1e-12)


def test_a_page_and_optax_have_the_heavy_balls_diagram(pages):
    ours = pk.phase_diagram(pk.HeavyBall, lr_curvature=A, values=G)
    sgd = pk.from_optax(optax.sgd, learning_rate=0.1, momentum=0.9)
    for rule in (pages["as in a book"], sgd):
        theirs = pk.phase_diagram(rule, lr_curvature=A, values=G)
        np.testing.assert_allclose(theirs.rate, ours.rate, rtol=1e-12, atol=1e-12)


def test_by_default_over_all_of_it():
    d = pk.phase_diagram("heavy_ball")
    assert dict(d.sizes) == {"lr_curvature": 400, "momentum": 400}
    assert d.regime.attrs["flag_meanings"] == ", ".join(REGIMES)
    assert d.attrs["rule"] == "heavy_ball"
    assert set(np.unique(d.regime)) >= {0, 2, 3, 4}


def test_other_axes():
    assert pk.phase_diagram(pk.GradientDescent, lr_curvature=[1.0]).rate.dims == ("lr_curvature",)
    assert pk.phase_diagram(pk.TripleMomentum, lr_curvature=[1.0]).rate.dims == (
        "lr_curvature",
        "rate_setting",
    )
    rule = pk.QuasiHyperbolic(lr=1.0, momentum=0.9, nu=0.5)
    d = pk.phase_diagram(rule, over="nu", lr_curvature=[0.5], values=[0.0, 0.3])
    # nu = 0 is gradient descent, though its slot still fades
    assert float(d.rate[0, 0]) == pytest.approx(0.9)
    assert float(d.rate[0, 1]) == pytest.approx(
        pk.stability(pk.QuasiHyperbolic(lr=0.5, momentum=0.9, nu=0.3), [1.0]).rate
    )


def test_settings_that_are_no_axis_are_kept():
    rule = pk.QuasiHyperbolic(lr=1.0, momentum=0.5, nu=0.0)
    d = pk.phase_diagram(rule, lr_curvature=[0.2], values=[0.1, 0.99])
    np.testing.assert_allclose(d.rate, 0.8)  # gradient descent at every momentum


def test_bad_input_is_one_line(refused, untraceable):
    with refused("not linear"):
        pk.phase_diagram(pk.Adam)
    with refused("momentum is 1, expected finite numbers from 0 below 1"):
        pk.phase_diagram(pk.HeavyBall, values=[1.0])
    with refused("lr_curvature is -1"):
        pk.phase_diagram(pk.HeavyBall, lr_curvature=[-1.0])
    with refused("lr_curvature is nan"):
        pk.phase_diagram(pk.HeavyBall, lr_curvature=[np.nan])
    with refused("shape (2, 1)"):
        pk.phase_diagram(pk.HeavyBall, lr_curvature=[[1.0], [2.0]])
    with refused("curvature is 0"):
        pk.phase_diagram(pk.HeavyBall, curvature=0.0)
    with refused("did you mean 'momentum'"):
        pk.phase_diagram(pk.HeavyBall, over="momentun")
    with refused("lr is the learning rate"):
        pk.phase_diagram(pk.HeavyBall, over="lr")
    with refused("cannot be compiled"):
        pk.phase_diagram(untraceable)
    with refused("shows no learning rate"):
        pk.phase_diagram(optax.sgd(0.1, 0.9))
    with refused("unknown rule"):
        pk.phase_diagram("heavy_bal")
