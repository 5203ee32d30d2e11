"""Twenty steps over the plane: what is printed, and what the picture holds."""

import numpy as np
import pytest

from polyak.book.gluonbook import show_trace_2d, train_2d


def f_2d(x1, x2):
    return 0.1 * x1**2 + 2 * x2**2


def descent(eta):
    return lambda x1, x2, s1, s2: (x1 - eta * 0.2 * x1, x2 - eta * 4 * x2, 0, 0)


def test_positions_are_those_of_the_plain_formula(capsys):
    points = train_2d(descent(0.4))
    assert capsys.readouterr().out == "epoch 20, x1 -0.943467, x2 -0.000073\n"
    expected = [(-5 * 0.92**k, -2 * (-0.6) ** k) for k in range(21)]
    np.testing.assert_allclose(points, expected, rtol=1e-13)
    assert points[0] == (-5, -2)


def test_what_the_function_keeps_is_handed_on():
    seen = []

    def counting(x1, x2, s1, s2):
        seen.append((s1, s2))
        return x1, x2, s1 + 1, s2 - 1

    train_2d(counting)
    assert seen == [(k, -k) for k in range(20)]


def test_the_way_is_drawn_point_by_point_over_contours(pyplot):
    points = train_2d(descent(0.4))
    show_trace_2d(f_2d, points)
    (axes,) = pyplot.gcf().axes
    way = next(line for line in axes.lines if len(line.get_xdata()) == 21)
    np.testing.assert_array_equal(np.column_stack(way.get_data()), points)
    assert axes.collections, "no contours"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x1", "x2")
    low, high = axes.get_ylim()
    assert low <= -2
    assert max(x2 for _, x2 in points) <= high


def test_a_way_that_runs_off_is_cut_where_it_leaves_and_says_so(pyplot):
    points = train_2d(descent(0.6))
    show_trace_2d(f_2d, points)
    (axes,) = pyplot.gcf().axes
    low, high = axes.get_ylim()
    assert -20 < low < high < 20
    (note,) = (text.get_text() for text in axes.texts)
    leaves = int(note.rsplit(" ", 1)[1])
    inside = [low <= x2 <= high for _, x2 in points]
    assert inside.index(False) == leaves
    assert max(len(line.get_xdata()) for line in axes.lines) == leaves


@pytest.mark.parametrize(
    "points",
    [[(-5, -2), (np.nan, np.nan)], [(-5, -2), (np.inf, 0.0)], [(100.0, 100.0), (90.0, 90.0)], [(-5, -2)]],
)
def test_ways_that_end_at_once(points, pyplot):
    show_trace_2d(f_2d, points)
    pyplot.gcf().canvas.draw()


def test_a_function_without_contours_is_drawn_too(pyplot):
    show_trace_2d(lambda x1, x2: 3.0, [(-5, -2), (0, 0)])
    assert not pyplot.gcf().axes[0].collections


def test_two_ways_share_a_figure_that_the_page_began(pyplot):
    figure, (left, right) = pyplot.subplots(1, 2)
    for axes, eta in ((left, 0.1), (right, 0.4)):
        pyplot.sca(axes)
        show_trace_2d(f_2d, train_2d(descent(eta)))
    assert pyplot.get_fignums() == [figure.number]
    assert left.lines
    assert right.lines


def test_the_readers_own_settings_are_left_alone(pyplot):
    before = dict(pyplot.rcParams)
    show_trace_2d(f_2d, [(-5, -2), (0, 0)])
    assert dict(pyplot.rcParams) == before
