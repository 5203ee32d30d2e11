"""Traces that leave the window, diverge or stand still, on landscapes that are flat, infinite or full of holes."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import polyak as pk
from polyak.show import convergence_figure, trace_figure

LABEL = "heavy ball, $\\eta$ = 0.6, $\\gamma$ = 0.5"


def vertical_lines(axes):
    return [
        line.get_xdata()[0]
        for line in axes.lines
        if list(line.get_ydata()) == [0, 1] and line.get_linestyle() == ":"
    ]


def legend_words(figure):
    (legend,) = figure.legends
    return [" ".join(text.get_text().split()) for text in legend.get_texts()]


def holds(axes, point):
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return left <= point[0] <= right and bottom <= point[1] <= top


def test_a_trace_that_leaves_the_picture_is_said_to(trace, line_of, texts, within):
    positions = [[-5, -2], [-4, 2], [-3, -2], [-2, 5000], [-1, 0]]
    figure = trace_figure(trace(positions))
    plane, values = figure.axes
    shown = line_of(plane, LABEL).get_xydata()
    np.testing.assert_array_equal(shown[:3], positions[:3])
    assert np.isnan(shown[3:]).all()
    assert legend_words(figure) == [f"{LABEL} (leaves the picture at step 3)"]
    assert "leaves" not in " ".join(texts(plane))
    (way_out,) = [line for line in plane.lines if line.get_linestyle() == ":"]
    np.testing.assert_array_equal(way_out.get_xydata(), positions[2:4])
    assert plane.get_ylim()[1] < 100
    np.testing.assert_allclose(line_of(values, LABEL).get_ydata(), pk.landscapes.ravine(positions))
    within(figure)


def test_two_that_leave_together_are_both_legible(trace):
    traces = [trace([[-5, -2], [0, 9e9]], pk.GradientDescent(lr=lr)) for lr in (10, 20)]
    said = [f"gradient descent, $\\eta$ = {lr} (leaves the picture at step 1)" for lr in (10, 20)]
    assert legend_words(trace_figure(traces)) == said


def test_the_window_grows_to_what_is_near(trace, line_of):
    positions = [[-5, -2], [-4, 5], [2, 0]]
    plane = trace_figure(trace(positions)).axes[0]
    np.testing.assert_array_equal(line_of(plane, LABEL).get_xydata(), positions)
    assert all(holds(plane, point) for point in positions)


@pytest.mark.parametrize("start", [(100.0, 100.0), (-1e6, 3.0), (1e300, -1e300)])
def test_a_far_start_is_in_the_picture(trace, line_of, start, within):
    figure = trace_figure(trace([start, (0.5, 0.5)]))
    plane = figure.axes[0]
    np.testing.assert_array_equal(line_of(plane, LABEL).get_xydata(), [start, (0.5, 0.5)])
    assert holds(plane, start)
    within(figure)


@pytest.mark.parametrize(("end", "step"), [(np.nan, 4), (np.inf, 1)])
def test_a_trace_that_diverges_is_said_to(trace, line_of, end, step, within):
    positions = np.full((6, 2), [-1.0, 0.5])
    positions[step:] = end
    beside = trace(np.linspace([-5, -2], [0.1, 0.1], 6), pk.GradientDescent(lr=0.1))
    figure = trace_figure([trace(positions), beside])
    _, values = figure.axes
    assert legend_words(figure)[0] == f"{LABEL} (leaves the picture at step {step}, diverged at step {step})"
    assert vertical_lines(values) == [step]
    assert np.isfinite(line_of(values, LABEL).get_ydata()).sum() == step
    within(figure)


def test_a_trace_that_diverges_alone_is_drawn_to_its_end(trace, within):
    positions = np.full((101, 2), np.nan)
    positions[:10] = np.outer(np.arange(10), [0.1, 0.1])
    figure = trace_figure(trace(positions))
    low, high = figure.axes[1].get_xlim()
    assert low < 0
    assert 10 < high < 12
    within(figure)


def test_nothing_finite_at_all(trace, within):
    figure = trace_figure(trace([[-5, -2], [np.nan, np.nan]]))
    within(figure)
    everywhere = pk.landscapes.quadratic([1e308, 1e308])
    figure = trace_figure(trace([[-1, -1], [np.nan, np.nan]], landscape=everywhere))
    assert "diverged at step 0" in legend_words(figure)[0]
    within(figure)


def test_numbers_near_the_largest_are_drawn(trace, line_of, within):
    # Matplotlib's own margins overflow there; a curve stops at 1e250.
    heights = 10.0 ** np.arange(-1, 155, 6)
    positions = np.stack([np.zeros(len(heights)), heights], axis=1)
    figure = convergence_figure(trace(positions))
    drawn = line_of(figure.axes[0], LABEL).get_ydata()
    values = pk.landscapes.ravine(positions)
    np.testing.assert_array_equal(drawn[values < 1e250], values[values < 1e250])
    assert np.isnan(drawn[values > 1e250]).all()
    within(figure)


def test_a_trace_that_stands_at_the_minimiser(trace, line_of, within):
    figure = trace_figure(trace([[0, 0], [0, 0], [0, 0]]))
    assert list(line_of(figure.axes[1], LABEL).get_ydata()) == [0, 0, 0]
    assert figure.axes[1].get_yscale() == "linear"
    within(figure)


def test_zeros_among_positive_values_are_left_out(trace, line_of, within):
    figure = trace_figure(trace([[-1, 0], [0, 0], [1, 0]]))
    drawn = line_of(figure.axes[1], LABEL).get_ydata()
    assert drawn[[0, 2]] == pytest.approx([0.1, 0.1])
    assert np.isnan(drawn[1])
    within(figure)


def flat(x1, x2):
    return 0 * x1 + 0 * x2 + 3.0


def holed(x1, x2):
    return x1**2 + x2**2 - jnp.log(x1 + 5.5)  # nan left of -5.5, which the window holds


def steep(x1, x2):
    return jnp.exp(x1**2 * x2**2)  # infinite in the corners


@pytest.mark.parametrize(
    ("function", "start", "contours"),
    [(flat, (-5, -2), False), (holed, (-5, -2), True), (steep, (0.1, 50.0), True)],
)
def test_landscapes_that_are_hard_to_draw(trace, function, start, contours, within):
    landscape = pk.landscapes.from_function(function, start=start)
    figure = trace_figure(trace([start, (0.5, 0.5)], landscape=landscape))
    assert bool(figure.axes[0].collections) is contours
    within(figure)


def test_a_name_with_dollars_is_no_formula(trace, within):
    landscape = pk.landscapes.from_function(flat, name="cost_$_of_{$")
    figure = trace_figure(trace([[-5, -2], [0, 0]], landscape=landscape))
    assert figure.axes[0].get_title(loc="left") == r"cost_\$_of_{\$, 1 step"
    within(figure)


def test_a_long_name_stays_in_the_picture(trace, within):
    landscape = pk.landscapes.from_function(flat, name="a function with a name as long as a sentence " * 3)
    within(trace_figure(trace([[-5, -2], [0, 0]], landscape=landscape)))


def test_what_runs_away_leaves_the_values_of_the_others_legible(trace):
    away = trace([[-5, 0.1 * 10.0**k] for k in range(0, 100, 4)])
    near = trace(np.linspace([-5, -2], [-0.5, 0.1], 25), pk.GradientDescent(lr=0.1))
    values = trace_figure([away, near]).axes[1]
    low, high = values.get_ylim()
    assert 1e11 < high < 1e14
    assert 1e-3 < low < near.values.min()
    alone = convergence_figure(near).axes[0]
    assert alone.get_ylim()[1] < 1e3


def test_last_marks_in_one_place_are_all_seen(trace):
    rules = [pk.GradientDescent(lr=0.1 + 0.1 * k) for k in range(3)]
    plane = trace_figure([trace([[-5, -2], [-4, 1]], rule) for rule in rules]).axes[0]
    sizes = [line.get_markersize() for line in plane.lines if list(line.get_xdata()) == [-4.0]]
    assert sizes == [14, 11, 8]


def test_more_dimensions_are_drawn_in_the_two_slowest_directions(trace, line_of, within):
    place = pk.landscapes.quadratic([3.0, 0.1, 1.0], start=[1.0, 2.0, 3.0])
    positions = np.outer([1.0, 0.5, 0.25], [1.0, 2.0, 3.0])
    figure = trace_figure(trace(positions, landscape=place))
    plane = figure.axes[0]
    assert "two slowest directions (curvatures 0.1 and 1)" in plane.get_title(loc="left").replace("\n", " ")
    np.testing.assert_allclose(line_of(plane, LABEL).get_xydata(), -positions[:, [1, 2]], atol=1e-12)
    within(figure)
