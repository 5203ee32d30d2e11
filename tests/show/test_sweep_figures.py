"""The pictures of sweeps show what the numbers say."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

import polyak as pk
from polyak.show import curves_figure, plane_figure


@pytest.fixture(scope="module")
def plane():
    return pk.sweep(
        pk.HeavyBall,
        on="ravine",
        steps=400,
        lr=pk.axes.log(0.01, 20, 40),
        momentum=pk.axes.linear(0, 0.9, 30),
    )


def mesh_of(axes):
    (mesh,) = [found for found in axes.collections if isinstance(found, QuadMesh)]
    return mesh


def star_of(axes):
    (line,) = [line for line in axes.lines if line.get_marker() == "*"]
    return float(line.get_xdata()[0]), float(line.get_ydata()[0])


def test_a_map(plane, within):
    figure = plane_figure(plane)
    axes = figure.axes[0]
    values = plane.final_value.values.T
    drawn = mesh_of(axes).get_array()
    assert np.array_equal(np.ma.getmaskarray(drawn), ~np.isfinite(values)), "diverged cells have no colour"
    finite = np.isfinite(values)
    assert (~finite).any()
    assert np.array_equal(np.asarray(drawn)[finite], values[finite])
    assert star_of(axes) == (pk.best(plane).settings["lr"], pk.best(plane).settings["momentum"])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert axes.get_xlabel() == r"learning rate $\eta$"
    assert axes.patch.get_hatch(), "what diverged is hatched"
    within(figure)


def test_momentum_by_memory(within):
    ds = pk.sweep(
        pk.HeavyBall, on="ravine", steps=20, lr=pk.axes.log(0.01, 0.5, 5), momentum=pk.axes.memory(1, 50, 6)
    )
    axes = plane_figure(ds).axes[0]
    assert axes.get_yscale() == "log"
    assert "memory" in axes.get_ylabel()
    assert star_of(axes)[1] == pytest.approx(1 / (1 - pk.best(ds).settings["momentum"]))


def test_one_axis_is_a_curve(within):
    ds = pk.sweep(pk.GradientDescent, on="ravine", steps=4000, lr=pk.axes.log(0.01, 2, 20))
    figure = plane_figure(ds)
    curve = next(line for line in figure.axes[0].lines if len(line.get_xdata()) == 20)
    values = ds.final_value.values
    np.testing.assert_array_equal(curve.get_ydata(), np.where(np.isfinite(values), values, np.nan))
    crosses = next(line for line in figure.axes[0].lines if line.get_marker() == "x")
    assert len(crosses.get_xdata()) == (~np.isfinite(values)).sum() > 0
    within(figure)


def test_three_axes_show_the_best_of_the_third():
    ds = pk.sweep(
        pk.QuasiHyperbolic,
        on="ravine",
        steps=50,
        lr=pk.axes.log(0.1, 5, 9),
        momentum=[0.1, 0.5, 0.9],
        nu=[0.3, 0.8],
    )
    axes = plane_figure(ds).axes[0]
    nu = pk.best(ds).settings["nu"]
    assert np.array_equal(np.asarray(mesh_of(axes).get_array()), ds.final_value.sel(nu=nu).values.T)
    assert any(f"nu = {nu:g}" in text.get_text() for text in axes.texts)


def test_cells_that_were_drawn():
    ds = pk.sweep(
        pk.HeavyBall,
        on="ravine",
        steps=20,
        sampling="random",
        cells=30,
        lr=pk.axes.log(0.01, 1),
        momentum=pk.axes.linear(0, 0.9),
    )
    dots = plane_figure(ds).axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(dots, np.stack([ds.lr, ds.momentum], axis=1))


def test_several_rules_a_panel_each(within):
    planes = [
        pk.search_space(rule, lr=pk.axes.log(0.01, 1, 6), momentum=[0, 0.5, 0.9, 0.95])
        for rule in (pk.HeavyBall, pk.Nesterov)
    ]
    figure = plane_figure(pk.sweep(planes, on="ravine", steps=20))
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes[:2]]
    assert titles == ["heavy ball on ravine, 20 steps", "nesterov on ravine, 20 steps"]
    within(figure)


def test_all_diverged_and_few_cells():
    ds = pk.sweep(pk.HeavyBall, on="ravine", steps=3000, lr=[50, 60], momentum=[0.1, 0.2])
    assert any("every cell diverged" in text.get_text() for text in plane_figure(ds).axes[0].texts)
    plane_figure(pk.sweep(pk.HeavyBall, on="ravine", steps=3, lr=[0.1, 0.2], momentum=[0.1, 0.2]))


def test_curves(refused, within):
    ds = pk.sweep(
        pk.HeavyBall, on="ravine", steps=20, record=("final", "values"), lr=[0.1, 0.4], momentum=[0, 0.5]
    )
    figure = curves_figure(ds, [{"lr": 0.1, "momentum": 0.5}])
    (line,) = figure.axes[0].lines
    trace = pk.descend(pk.HeavyBall(lr=0.1, momentum=0.5), "ravine", steps=20)
    np.testing.assert_allclose(line.get_ydata(), trace.values, rtol=1e-12)
    assert len(curves_figure(ds).axes[0].lines) == 3  # the best, and the ends of either axis that are not it
    within(figure)
    with refused("recorded no values"):
        curves_figure(pk.sweep(pk.HeavyBall, on="ravine", lr=[0.1, 0.2], momentum=0.5))
    with refused("beta is no axis", "lr, momentum"):
        curves_figure(ds, [{"beta": 1}])


def test_a_comparison(within):
    problem = pk.linear_regression(pk.data.diabetes())
    found = pk.compare([pk.GradientDescent, pk.HeavyBall], on=problem, budget=8, seeds=4)
    figure = found.plot()
    judged, tuned = figure.axes
    assert [label.get_text() for label in judged.get_yticklabels()] == [
        entry.name.replace("_", " ") for entry in found.entries
    ]
    for entry, line in zip(found.entries, tuned.lines):
        np.testing.assert_array_equal(line.get_ydata(), entry.tuned[np.isfinite(entry.tuned)])
    within(figure)


def test_plot_draws_what_sweep_and_phase_diagram_return(refused):
    swept = pk.sweep("heavy_ball", lr=[0.1, 0.2, 0.3], momentum=[0.1, 0.5], on="ravine", steps=5)
    spaces = [
        pk.search_space("heavy_ball", lr=[0.1, 0.2], momentum=0.5),
        pk.search_space("gradient_descent", lr=[0.1, 0.2]),
    ]
    of_two = pk.sweep(spaces, on="ravine", steps=5)
    for result, draw in ((swept, pk.show.plane_figure), (of_two, pk.show.plane_figure)):
        titles = [axes.get_title("left") for axes in pk.show.plot(result).axes]
        assert len(titles) >= 2
        assert titles == [axes.get_title("left") for axes in draw(result).axes]
        assert "heavy ball on ravine, 5 steps" in titles
    diagram = pk.phase_diagram("heavy_ball")
    drawn, expected = pk.show.plot(diagram), pk.show.phase_figure(diagram)
    assert [axes.get_ylabel() for axes in drawn.axes] == [axes.get_ylabel() for axes in expected.axes]
    with refused("nothing draws a Dataset"):
        pk.show.plot(pk.descend("heavy_ball", "ravine", lr=0.1, momentum=0.5).to_xarray())
