"""The figures of theory draw what the theory says: read back off what was drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import polyak as pk
from polyak.show import (
    condition_figure,
    expectation_figure,
    phase_figure,
    plot,
    response_figure,
    stability_figure,
    tradeoff_figure,
)
from polyak.study import measured_beside
from polyak.theory import rates_by_condition_number, tradeoff

HEAVY_BALL = pk.HeavyBall(lr=0.6, momentum=0.5)


@pytest.fixture(scope="module")
def problem():
    return pk.linear_regression(pk.data.diabetes())


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def texts(axes):
    return " ".join(text.get_text() for text in axes.texts)


def test_response_draws_the_weights_the_mark_and_the_memory():
    figure = response_figure(
        [pk.response(pk.HeavyBall(lr=0.6, momentum=0.9)), pk.response(pk.Nesterov(lr=0.6, momentum=0.9))]
    )
    (axes,) = figure.axes
    drawn = lines(axes)["heavy ball, $\\eta$ = 0.6, $\\gamma$ = 0.9"]
    steps = np.arange(len(drawn.get_xdata()))
    np.testing.assert_array_equal(drawn.get_xdata(), steps)
    np.testing.assert_allclose(drawn.get_ydata(), 0.6 * 0.9**steps, rtol=1e-12)
    nesterov = lines(axes)["nesterov, $\\eta$ = 0.6, $\\gamma$ = 0.9"].get_ydata()
    np.testing.assert_allclose(nesterov[:2], [0.6 * 1.9, 0.6 * 0.81], rtol=1e-12)
    mark = [line for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert mark[0].get_ydata()[0] == pytest.approx(0.6 / math.e)
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "10 steps hold 65% of the weight" in " ".join(said[0].split())


def test_response_of_a_rule_that_is_not_linear_says_so():
    figure = response_figure(pk.response(pk.Adam(lr=0.1)))
    (said,) = [" ".join(text.get_text().split()) for text in figure.legends[0].get_texts()]
    assert "not linear in the gradient" in said
    assert "hold" not in said


def test_memories_far_apart_are_drawn_over_the_logarithm_of_the_step():
    rules = [pk.HeavyBall(lr=0.1, momentum=1 - 1 / steps) for steps in (10, 100, 1000)]
    (axes,) = response_figure([pk.response(rule) for rule in rules]).axes
    assert axes.get_xscale() == "log"
    ends = [line for line in axes.get_lines() if len(line.get_xdata()) == 1]
    assert [int(line.get_xdata()[0]) for line in ends] == [10, 100, 1000]
    for line, steps in zip(ends, (10, 100, 1000), strict=True):
        assert line.get_ydata()[0] == pytest.approx(0.1 * (1 - 1 / steps) ** (steps - 1), rel=1e-9)


def test_the_condition_number_asked_about_is_marked():
    rates = rates_by_condition_number(pk.HeavyBall, [2, 20, 50])
    figure = condition_figure(rates, condition_number=20.0)
    (mark,) = [line for line in figure.axes[0].get_lines() if line.get_marker() == "*"]
    assert list(mark.get_xdata()) == [20.0, 20.0]
    expected = [rates.steps_to_1_percent.values[1], rates.gradient_descent_steps.values[1]]
    assert list(mark.get_ydata()) == [float(each) for each in expected]


def test_eigenvalues_are_marked_in_the_plane_and_errors_follow_the_recursion():
    stability = pk.stability(HEAVY_BALL, [0.2, 4])
    plane, errors = stability_figure(stability, steps=12).axes
    marked = [line for line in plane.get_lines() if line.get_linestyle() == "None"]
    for line, curvature in zip(marked, (0.2, 4.0), strict=True):
        # mu^2 - (1 + gamma - eta lambda) mu + gamma = 0
        expected = np.roots([1, -(1.5 - 0.6 * curvature), 0.5])
        found = line.get_xdata() + 1j * line.get_ydata()
        np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-12)
    for (name, line), curvature in zip(lines(errors).items(), (0.2, 4.0), strict=True):
        trace = pk.descend(HEAVY_BALL, pk.landscapes.quadratic([curvature], start=[1.0]), 12)
        np.testing.assert_allclose(line.get_ydata(), trace.positions[:, 0], atol=1e-12)
        assert f"{curvature:g}" in name
        assert "under-damped" in name


def test_diverging_setting_stays_in_the_picture():
    plane, errors = stability_figure(pk.stability(pk.GradientDescent(lr=0.6), [0.2, 4])).axes
    assert errors.get_yscale() == "symlog"
    assert plane.get_xlim()[0] < -1.4


def test_many_curvatures_are_thinned_to_as_many_as_there_are_colours():
    _, errors = stability_figure(pk.stability(HEAVY_BALL, np.linspace(0.1, 2, 40))).axes
    assert len(lines(errors)) == 7


def test_phase_diagram_names_its_regimes_and_marks_the_setting():
    diagram = pk.phase_diagram(pk.HeavyBall)
    plane, errors = phase_figure(diagram, pk.stability(HEAVY_BALL, [0.2, 4, 40])).axes
    assert {"over-damped", "under-damped", "oscillating", "diverging"} <= {
        text.get_text() for text in plane.texts
    }
    marks = {(line.get_xdata()[0], line.get_ydata()[0], line.get_marker()) for line in plane.get_lines()}
    most = float(diagram.lr_curvature.max())
    assert {(round(x, 9), y) for x, y, _ in marks} == {(0.12, 0.5), (2.4, 0.5), (most, 0.5)}
    assert [marker for x, _, marker in marks if x == most] == [">"]
    assert len(lines(errors)) == 3
    assert len(phase_figure(diagram).axes) == 1


def test_phase_diagram_of_one_axis_is_refused(refused):
    with refused("one axis"):
        phase_figure(pk.phase_diagram(pk.GradientDescent))


def test_expectation_draws_prediction_over_runs_and_parts_that_add_up(problem):
    expected = pk.expected_loss(pk.HeavyBall(lr=0.02, momentum=0.5), problem, steps=60, seeds=6)
    measured = measured_beside(expected, 6)
    losses, parts = expectation_figure(expected, measured).axes
    drawn = lines(losses)
    np.testing.assert_array_equal(drawn["predicted mean"].get_ydata(), expected.mean)
    runs = measured.losses[:, :61].astype(float)
    np.testing.assert_allclose(drawn["mean of 6 runs"].get_ydata(), runs.mean(axis=0), rtol=1e-12)
    assert drawn["noise floor"].get_ydata()[0] == expected.floor
    split = [lines(parts)[name].get_ydata() for name in ("deterministic part", "noise part")]
    np.testing.assert_allclose(sum(split) + expected.least, expected.mean, rtol=1e-12)
    assert drawn["predicted mean"].get_color() != drawn["mean of 6 runs"].get_color()


def test_runs_beside_a_prediction_are_drawn_with_replacement_and_recorded_each_batch(problem):
    expected = pk.expected_loss(pk.HeavyBall(lr=0.02, momentum=0.5), problem, steps=60, seeds=3)
    measured = measured_beside(expected, 3)
    np.testing.assert_array_equal(measured.steps_taken[:61], np.arange(61))
    np.testing.assert_allclose(measured.losses[:, 0].mean(), expected.mean[0], rtol=1e-5)
    other = pk.train(expected.rule, problem, epochs=2, seeds=3, every=10, replace=True)
    np.testing.assert_array_equal(measured.losses, other.losses)


def test_condition_figure_draws_the_steps_of_runs_to_a_hundredth():
    rates = rates_by_condition_number(pk.HeavyBall, [4.0, 9.0])
    (axes,) = condition_figure(rates).axes
    drawn = lines(axes)
    # (k - 1)/(k + 1) without momentum, both ends alike: 3/5 and 4/5.
    plain = np.ceil(np.log(0.01) / np.log([3 / 5, 4 / 5]))
    np.testing.assert_array_equal(drawn["gradient descent"].get_ydata(), plain)
    for k, steps in zip((4.0, 9.0), drawn["heavy ball"].get_ydata(), strict=True):
        best = pk.optimal(pk.HeavyBall, [1.0, k]).rule
        ends = [
            pk.descend(best, pk.landscapes.quadratic([c], start=[1.0]), 60).positions[:, 0] for c in (1.0, k)
        ]
        assert steps == max(np.flatnonzero(np.abs(x) > 0.01)[-1] + 1 for x in ends)


def test_tradeoff_figure_draws_floor_against_steps(problem):
    trade = tradeoff(pk.HeavyBall(lr=0.02, momentum=0.5), problem)
    (axes,) = tradeoff_figure(trade).axes
    (line,) = [line for line in axes.get_lines() if len(line.get_xdata()) > 1]
    known = np.isfinite(trade.floors) & np.isfinite(trade.steps_to_floor)
    assert known.sum() > 3
    np.testing.assert_array_equal(line.get_xdata(), trade.steps_to_floor[known])
    np.testing.assert_array_equal(line.get_ydata(), trade.floors[known] - trade.least)


def test_plot_picks_the_figure_by_type_and_refuses_what_nothing_draws(refused):
    assert len(plot(pk.response(HEAVY_BALL)).axes) == 1
    assert len(pk.stability(HEAVY_BALL, [0.2, 4]).plot().axes) == 2
    assert len(plot(pk.optimal(pk.HeavyBall, [0.2, 4])).axes) == 1
    with refused("nothing draws a StepMap"):
        plot(pk.theory.step_map(HEAVY_BALL))


def test_the_best_setting_is_drawn_on_each_curvature():
    best = pk.optimal(pk.HeavyBall, [4, 0.2, 1])
    (axes,) = plot(best).axes
    ours, plain, _ = axes.get_lines()
    marked = ours.get_markevery()
    np.testing.assert_array_equal(ours.get_xdata()[marked], np.sort(best.curvatures))
    # At the double root a rate is known to the root of the settings' rounding.
    np.testing.assert_allclose(ours.get_ydata()[marked], best.rates[np.argsort(best.curvatures)], rtol=1e-7)
    np.testing.assert_allclose(plain.get_ydata().max(), 19 / 21, rtol=1e-6)  # (k - 1)/(k + 1), k = 20


def test_every_drop_is_drawn_and_the_best_marked():
    drop = pk.lr_drop(pk.HeavyBall(lr=0.05, momentum=0.5), pk.linear_regression(pk.data.diabetes()), steps=40)
    (axes,) = plot(drop).axes
    every, best, never = axes.get_lines()
    np.testing.assert_array_equal(every.get_ydata(), drop.losses[:-1])
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (drop.best, drop.losses.min())
    assert set(never.get_ydata()) == {drop.losses[-1]}


def test_every_axis_is_labelled():
    figures = [
        response_figure(pk.response(HEAVY_BALL)),
        stability_figure(pk.stability(HEAVY_BALL, [0.2, 4])),
        phase_figure(pk.phase_diagram(pk.Nesterov)),
        condition_figure(rates_by_condition_number(pk.HeavyBall, [4.0, 9.0])),
    ]
    for axes in (axes for figure in figures for axes in figure.axes):
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        assert axes.get_title(loc="left")
        assert len({to_rgb(line.get_color()) for line in lines(axes).values()}) == len(lines(axes))


def test_the_best_is_drawn_as_it_is_between_the_curvatures_too():
    """Gradient descent's rate is |1 - lr lambda|: no straight line from one curvature to the next."""
    best = pk.optimal(pk.HeavyBall, [1.0, 3.0, 25.0])
    ours, plain = best.plot().axes[0].get_lines()[:2]
    curvature, rate = plain.get_data()
    assert (curvature[0], curvature[-1]) == (1.0, 25.0)
    np.testing.assert_allclose(rate, np.abs(1 - best.gradient_descent.settings["lr"] * curvature), atol=1e-12)
    np.testing.assert_allclose(ours.get_ydata(), 2 / 3, rtol=1e-6)
    for line in (ours, plain):
        assert line.get_xdata()[line.get_markevery()].tolist() == [1.0, 3.0, 25.0]
