"""Traces in pictures: what is drawn is what the result says, read back off the artists."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.contour import ContourSet

import polyak as pk
from polyak.show import convergence_figure, plot, trace_figure

ZIGZAG = [[-5, -2], [-4.4, 2.8], [-3, -1], [-1, 0.5], [0.2, 0.1]]
LABEL = "heavy ball, $\\eta$ = 0.6, $\\gamma$ = 0.5"


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def legend_words(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def marks(axes, marker):
    """The points that stand alone under a marker."""
    return [
        tuple(line.get_xydata()[0])
        for line in axes.lines
        if line.get_marker() == marker and len(line.get_xdata()) == 1
    ]


def test_every_step_is_drawn_where_it_was(trace, line_of, within):
    figure = trace_figure(trace(ZIGZAG))
    plane, values = figure.axes
    line = line_of(plane, LABEL)
    np.testing.assert_array_equal(line.get_xydata(), ZIGZAG)
    assert line.get_marker() == "o"
    assert (plane.get_xlabel(), plane.get_ylabel()) == ("$x_1$", "$x_2$")
    assert titles(figure) == ["ravine, 4 steps (star: minimiser)", "value against step"]
    curve = line_of(values, LABEL)
    np.testing.assert_array_equal(curve.get_xdata(), range(5))
    np.testing.assert_array_equal(curve.get_ydata(), pk.landscapes.ravine(ZIGZAG))
    assert (values.get_xlabel(), values.get_ylabel(), values.get_yscale()) == ("step $k$", "$f(x_k)$", "log")
    assert legend_words(figure) == [LABEL]
    within(figure)


def test_start_end_and_minimiser_are_marked(trace):
    plane = trace_figure(trace(ZIGZAG)).axes[0]
    (start,) = [
        line for line in plane.lines if line.get_color() in ("k", "black") and line.get_marker() == "o"
    ]
    assert tuple(start.get_xydata()[0]) == (-5, -2)
    (note,) = [text for text in plane.texts if text.get_text() == "start"]
    assert tuple(note.xy) == (-5, -2)
    assert marks(plane, "*") == [(0, 0)]
    assert (0.2, 0.1) in marks(plane, "o")  # the end


def test_each_minimiser_has_its_star(trace):
    himmelblau = pk.landscapes.himmelblau
    plane = trace_figure(trace([[-0.5, -1], [0, 0]], landscape=himmelblau)).axes[0]
    assert marks(plane, "*") == list(himmelblau.minimisers)


def test_without_a_minimiser_no_star_is_promised(trace, within):
    figure = trace_figure(trace([[-2, 0.001], [0, 0.1], [0, 1.5]], landscape=pk.landscapes.saddle))
    assert titles(figure)[0] == "saddle, 2 steps"
    assert not marks(figure.axes[0], "*")
    assert figure.axes[1].get_yscale() == "symlog"  # its values fall below zero
    within(figure)


def test_the_contours_are_those_of_the_landscape(trace):
    plane = trace_figure(trace(ZIGZAG)).axes[0]
    filled, lines = [drawn for drawn in plane.collections if isinstance(drawn, ContourSet)]
    assert (filled.filled, lines.filled) == (True, False)
    assert len(lines.levels) == 12
    for path, level in zip(lines.get_paths(), lines.levels, strict=True):
        np.testing.assert_allclose(pk.landscapes.ravine(path.vertices), level, rtol=0.01, atol=2e-3)


def test_values_are_counted_from_the_least(trace, line_of):
    def raised(x1, x2):
        return x1**2 + x2**2 + 3.0

    landscape = pk.landscapes.from_function(raised, start=(2, 1), minimisers=[(0, 0)])
    figure = convergence_figure(trace([[2, 1], [1, 1], [0, 1]], landscape=landscape))
    values, distances = figure.axes
    assert line_of(values, LABEL).get_ydata() == pytest.approx([5, 2, 1])
    assert values.get_ylabel() == "$f(x_k) - f^\\ast$"
    assert line_of(distances, LABEL).get_ydata() == pytest.approx([5**0.5, 2**0.5, 1])
    assert distances.get_ylabel() == r"$\Vert x_k - x^\ast \Vert$"
    assert distances.get_yscale() == "log"


@pytest.mark.parametrize("curvatures", [(2.0,), (1.0, 2.0, 3.0, 4.0, 5.0)])
def test_other_dimensions_have_value_and_distance(trace, line_of, curvatures, within):
    landscape = pk.landscapes.quadratic(curvatures)
    positions = np.outer([1, 0.5, 0.25], np.ones(len(curvatures)))
    figure = convergence_figure(trace(positions, landscape=landscape))
    assert titles(figure) == ["value against step", "distance to the minimiser"]
    assert line_of(figure.axes[0], LABEL).get_ydata() == pytest.approx(landscape(positions))
    expected = np.sqrt(len(curvatures)) * np.array([1, 0.5, 0.25])
    assert line_of(figure.axes[1], LABEL).get_ydata() == pytest.approx(expected)
    within(figure)


def test_where_no_minimiser_is_known_there_is_no_distance(trace):
    figure = convergence_figure(trace([[-2, 0.001], [0, 1.5]], landscape=pk.landscapes.saddle))
    assert titles(figure) == ["value against step"]


def test_seven_rules_are_told_apart_and_named_once(trace, seven_rules, line_of, within):
    ways = [np.add(ZIGZAG, [0, shift]) for shift in np.linspace(0, 1, 7)]
    traces = [trace(way, rule) for way, rule in zip(ways, seven_rules, strict=True)]
    figure = trace_figure(traces)
    names = [pk.show.style.label(rule) for rule in seven_rules]
    assert legend_words(figure) == names
    for axes in figure.axes:
        lines = [line_of(axes, name) for name in names]
        for look in ("get_color", "get_marker"):
            assert len({getattr(line, look)() for line in lines}) == 7
        assert len({str(line._dash_pattern) for line in lines}) == 7
    np.testing.assert_array_equal(line_of(figure.axes[0], names[6]).get_xydata(), ways[6])
    within(figure)
    within(convergence_figure(traces))


def test_one_step_is_a_step(trace):
    assert titles(trace_figure(trace(ZIGZAG[:2])))[0].startswith("ravine, 1 step (")


def test_many_steps_have_no_markers_but_an_end(trace, line_of):
    positions = np.stack([np.linspace(-5, 0, 202), np.linspace(-2, 0, 202)], axis=1)
    figure = trace_figure(trace(positions))
    for axes in figure.axes:
        assert line_of(axes, LABEL).get_marker() == ""
    assert (0, 0) in marks(figure.axes[0], "o")
    few = trace_figure(trace(positions[:201]))
    assert line_of(few.axes[0], LABEL).get_marker() == "o"


def test_plot_of_results(trace, line_of):
    alone, several = trace(ZIGZAG), [trace(ZIGZAG), trace(ZIGZAG[:3], pk.GradientDescent(lr=0.4))]
    np.testing.assert_array_equal(line_of(alone.plot().axes[0], LABEL).get_xydata(), ZIGZAG)
    assert len(legend_words(plot(several))) == 2
