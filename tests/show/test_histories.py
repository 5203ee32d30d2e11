"""Training curves: the median and the band are the losses', and what diverged is said."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import polyak as pk
from polyak.show import history_figure, plot

LABEL = "heavy ball, $\\eta$ = 0.01, $\\gamma$ = 0.5"
FALLING = [0.5, 0.3, 0.25, 0.24, 0.23]
# Sorted at each record: the lowest, the median, the highest.
THREE = np.array(
    [[0.48, 0.35, 0.20, 0.28, 0.21], [0.50, 0.25, 0.26, 0.24, 0.26], [0.52, 0.30, 0.27, 0.20, 0.23]]
)


def title(figure):
    return figure.axes[0].get_title(loc="left")


def notes(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def band(axes):
    """The band's lower and upper edge at each record, by their places in epochs."""
    (drawn,) = axes.collections
    corners = drawn.get_paths()[0].vertices
    return {
        x: (corners[corners[:, 0] == x, 1].min(), corners[corners[:, 0] == x, 1].max())
        for x in set(corners[:, 0])
    }


def test_one_seed_is_a_line(history, line_of, within):
    figure = history_figure(history(FALLING))
    (axes,) = figure.axes
    line = line_of(axes, LABEL)
    np.testing.assert_allclose(line.get_xdata(), [0, 0.5, 1, 1.5, 2])
    np.testing.assert_array_equal(line.get_ydata(), np.float32(FALLING))
    assert not axes.collections
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == (
        "epochs",
        "loss over all rows",
        "log",
    )
    assert title(figure) == "table, linear regression, batch 4"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [LABEL]
    within(figure)


def test_several_seeds_are_a_median_in_a_band(history, line_of, within):
    figure = history_figure(history(THREE))
    (axes,) = figure.axes
    np.testing.assert_array_equal(line_of(axes, LABEL).get_ydata(), np.median(np.float32(THREE), axis=0))
    drawn = band(axes)
    assert sorted(drawn) == [0, 0.5, 1, 1.5, 2]
    for place, column in zip(sorted(drawn), np.float32(THREE).T, strict=True):
        assert drawn[place] == pytest.approx((column.min(), column.max()))
    assert title(figure) == "table, linear regression, batch 4, 3 seeds"
    assert axes.get_ylabel() == "loss over all rows (median and range)"
    within(figure)


def test_the_median_of_two_seeds_lies_between_them(history, line_of):
    axes = history_figure(history(THREE[:2])).axes[0]
    np.testing.assert_allclose(line_of(axes, LABEL).get_ydata(), THREE[:2].mean(axis=0), rtol=1e-6)


def test_several_rules(history, seven_rules, line_of, within):
    histories = [history(np.array(FALLING) * (1 + k / 9), rule) for k, rule in enumerate(seven_rules)]
    figure = plot(histories)
    names = [pk.show.style.label(rule) for rule in seven_rules]
    lines = [line_of(figure.axes[0], name) for name in names]
    for line, expected in zip(lines, histories, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), expected.losses[0])
    assert len({line.get_color() for line in lines}) == len({str(line._dash_pattern) for line in lines}) == 7
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names
    within(figure)


def test_the_band_has_its_rules_colour(history, line_of):
    other = pk.GradientDescent(lr=0.01)
    (axes,) = history_figure([history(THREE), history(THREE / 2, other)]).axes
    lines = [line_of(axes, LABEL), line_of(axes, pk.show.style.label(other))]
    for drawn, line in zip(axes.collections, lines, strict=True):
        np.testing.assert_allclose(drawn.get_facecolor()[0][:3], to_rgb(line.get_color()))


def test_runs_that_diverge_are_counted(history, line_of, within):
    losses = np.array(THREE)
    losses[1, 3:] = np.inf
    losses[2, 4:] = np.nan
    figure = history_figure([history(THREE, pk.GradientDescent(lr=0.01)), history(losses)])
    line = line_of(figure.axes[0], f"{LABEL} (2 of 3 diverged, from step 7)").get_ydata()
    assert notes(figure) == []
    np.testing.assert_array_equal(line[:4], np.float32([0.5, 0.3, 0.26, 0.28]))
    assert np.isnan(line[4])  # most runs have no loss any more
    within(figure)


def test_all_diverged_from_the_first_step(history, within):
    figure = history_figure(history([[0.5, np.inf, np.nan], [0.4, np.nan, np.nan]]))
    assert "(2 of 2 diverged, from step 5)" in " ".join(figure.legends[0].get_texts()[0].get_text().split())
    low, high = figure.axes[0].get_xlim()
    assert (low < 0, 2 < high < 2.2) == (True, True)
    within(figure)


def test_a_curve_that_runs_away_does_not_press_the_others_flat(history, line_of):
    wild = history([0.5, 50, 5e6, 5e20, 5e30], pk.GradientDescent(lr=9.0))
    (axes,) = history_figure([history(FALLING), wild]).axes
    low, high = axes.get_ylim()
    assert low == pytest.approx(0.97 * 0.23)
    assert high == pytest.approx(4 * 0.5)
    assert line_of(axes, pk.show.style.label(wild.rule)).get_ydata()[4] == np.float32(5e30)


@pytest.mark.parametrize(
    "losses", [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.1, 0.2], [np.nan, np.nan, np.nan]]
)
def test_losses_that_no_logarithm_takes(history, losses, within):
    figure = history_figure(history(losses))
    positive = any(loss > 0 for loss in losses)
    assert figure.axes[0].get_yscale() == ("log" if positive else "linear")
    within(figure)


@pytest.mark.parametrize(("low", "high"), [(0.24, 0.25), (0.24, 0.5), (0.1, 2.5), (1e-6, 1.0), (1e-30, 1.0)])
def test_the_numbers_on_the_axis_can_be_told_apart(history, low, high):
    figure = history_figure(history(np.geomspace(high, low, 5)))
    with pk.show.style.in_style():
        figure.draw_without_rendering()
    labels = [*figure.axes[0].get_yticklabels(which="major"), *figure.axes[0].get_yticklabels(which="minor")]
    bottom, top = figure.axes[0].get_ylim()
    shown = [label for label in labels if label.get_text() and bottom <= label.get_position()[1] <= top]
    assert len(shown) >= 2
    assert len({label.get_text() for label in shown}) == len(shown)
    boxes = sorted((label.get_window_extent() for label in shown), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes))


@pytest.mark.parametrize(
    "name", ["price_$_{$", "a table with a name as long as a whole sentence on a page " * 2]
)
def test_names_of_the_users_own(history, name, within):
    figure = history_figure(history(FALLING, name=name))
    assert title(figure).replace("\n", " ").startswith(name.replace("$", r"\$").strip())
    within(figure)
