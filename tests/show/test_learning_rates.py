"""The last loss against the learning rate: medians, ranges, and crosses where there is none to show."""

from __future__ import annotations

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.show import lr_figure

LRS = (0.3, 0.1, 0.03)


@pytest.fixture
def ladder(history):
    """One rule at three learning rates, three seeds each; the last losses are given."""

    def make(kind, ends):
        made = []
        for lr, last in zip(LRS, ends, strict=True):
            losses = np.column_stack([np.full(len(last), 0.5), last])
            made.append(history(losses, kind(lr)))
        return made

    return make


def heavy_ball(lr):
    return pk.HeavyBall(lr=lr, momentum=0.5)


def from_optax(lr):
    return pk.from_optax(optax.adam, learning_rate=lr)


GOOD = [[0.3, 0.2, 0.4], [0.25, 0.26, 0.21], [0.45, 0.44, 0.46]]


@pytest.mark.parametrize(
    ("kind", "name"), [(heavy_ball, "heavy ball, $\\gamma$ = 0.5"), (from_optax, "optax:adam")]
)
def test_medians_and_ranges(ladder, kind, name, within):
    figure = lr_figure([ladder(kind, GOOD)])
    (axes,) = figure.axes
    (drawn,) = axes.containers
    line, _, (bars,) = drawn.lines
    assert drawn.get_label() == name
    np.testing.assert_allclose(line.get_xydata(), np.column_stack([LRS, [0.3, 0.25, 0.45]]))
    ends = [[low, high] for (_, low), (_, high) in bars.get_segments()]
    np.testing.assert_allclose(ends, [[0.2, 0.4], [0.21, 0.26], [0.44, 0.46]])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        r"learning rate $\eta$",
        "loss over all rows after 2 epochs",
    )
    assert axes.get_title(loc="left") == "last loss: median and range over 3 seeds"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [name]
    within(figure)


def test_a_cross_where_a_run_diverged_or_rose(ladder, within):
    ends = [[0.3, np.inf, 0.4], [0.25, 0.26, 0.21], [0.45, 0.51, 0.46]]
    figure = lr_figure([ladder(heavy_ball, ends), ladder(pk.GradientDescent, GOOD)])
    (axes,) = figure.axes
    first, second = (container.lines[0] for container in axes.containers)
    np.testing.assert_allclose(first.get_xydata(), [[0.1, 0.25]])
    assert len(second.get_xydata()) == 3
    crosses = [line for line in axes.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in crosses] == [[0.3, 0.03]]
    assert crosses[0].get_color() == first.get_color() != second.get_color()
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [
        "heavy ball, $\\gamma$ = 0.5",
        "gradient descent",
        "worse than at the start, or diverged",
    ]
    within(figure)


def test_nothing_but_crosses(ladder, within):
    figure = lr_figure([ladder(heavy_ball, [[np.nan] * 3, [np.inf] * 3, [9.0] * 3])])
    within(figure)
    assert len(figure.legends[0].get_texts()) == 2


def test_the_median_of_two_seeds_lies_between_them(ladder):
    (axes,) = lr_figure([ladder(heavy_ball, [[0.3, 0.2], [0.2, 0.2], [0.1, 0.4]])]).axes
    np.testing.assert_allclose(axes.containers[0].lines[0].get_ydata(), [0.25, 0.2, 0.25], rtol=1e-6)


def test_one_seed_has_no_range(ladder):
    (axes,) = lr_figure([ladder(heavy_ball, [[0.3], [0.2], [0.4]])]).axes
    assert axes.get_title(loc="left") == "last loss"


def test_one_epoch_is_an_epoch(history):
    (axes,) = lr_figure([[history([0.5, 0.3], heavy_ball(lr), epochs=1) for lr in LRS]]).axes
    assert axes.get_ylabel() == "loss over all rows after 1 epoch"


def test_seven_ladders(ladder, seven_rules, within):
    def of(rule):
        name = "lr" if "lr" in rule.settings() else "learning_rate"
        return lambda lr: rule.replace(**{name: lr})

    figure = lr_figure([ladder(of(rule), GOOD) for rule in seven_rules])
    looks = [container.lines[0] for container in figure.axes[0].containers]
    assert len({line.get_color() for line in looks}) == len({line.get_marker() for line in looks}) == 7
    within(figure)
