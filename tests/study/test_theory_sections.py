"""What the page says of theory: the numbers that theory has, and where it has none, why."""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk
from polyak.study.sections.prediction import prediction
from polyak.study.sections.theory import theory
from polyak.study.study import _subject

RULE = pk.HeavyBall(lr=0.6, momentum=0.5)


@pytest.fixture(scope="module")
def problem():
    return pk.linear_regression(pk.data.diabetes())


def subject(rule, problem, on="ravine"):
    return _subject(rule, on, 20, problem, 10, 1, 2)


def said(section):
    return " ".join(section.paragraphs)


def test_page_has_the_predictions_sentences_with_what_really_happened(heavy_ball):
    assert "On curvature 4 this setting ripples with period 2.78 steps (under-damped)" in heavy_ball.text
    assert "grows up to 1.4 times before it shrinks" in heavy_ball.text  # |1 - 0.6 * 4|
    rows = heavy_ball.rows("Predicted on ravine")
    assert [row[:2] for row in rows[1:]] == [["0.2", "under-damped"], ["4", "under-damped"]]
    np.testing.assert_allclose([float(row[2]) for row in rows[1:]], np.sqrt(0.5), atol=1e-6)
    traces = [
        pk.descend(RULE, pk.landscapes.quadratic([c], start=[1.0]), 60).positions[:, 0] for c in (0.2, 4.0)
    ]
    taken = [int(np.flatnonzero(np.abs(x) > 0.01)[-1]) + 1 for x in traces]
    assert rows[0][4:] == ["steps to 1 %", "peak"]
    assert [row[4:] for row in rows[1:]] == [[str(taken[0]), "1"], [str(taken[1]), "1.4"]]
    for name in ("response", "stability", "phase", "condition", "expected", "tradeoff"):
        assert (heavy_ball.folder / f"{name}.svg").exists()


def test_predicted_end_is_the_end_of_the_descent(problem):
    found = theory(subject(pk.HeavyBall(lr=0.6, momentum=0.5), problem))
    stability = pk.stability(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine")
    trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine", 20)
    ratios = trace.end / trace.positions[0]
    np.testing.assert_allclose(stability.path(20)[-1], ratios, atol=1e-12)
    for ratio, start in zip(ratios, trace.positions[0], strict=True):
        assert f"1 should become {ratio:.4g}; the descent began at {start:.4g}" in said(found)
        assert f"{ratio:.4g} of it" in said(found)


@pytest.mark.parametrize(
    ("rule", "on"),
    [(pk.HeavyBall(lr=0.0005, momentum=0.5), "rosenbrock"), (pk.HeavyBall(lr=0.01, momentum=0.5), "beale")],
    ids=["rosenbrock", "beale"],
)
def test_where_the_curvature_changes_along_the_way_nothing_is_predicted_of_it(rule, on, problem):
    found = theory(subject(rule, problem, on=on))
    assert "The curvature changes along the way" in said(found)
    assert "of this descent they predict nothing" in said(found)
    assert "should become" not in said(found)
    along = pk.theory.curvatures(pk.descend(rule, on, 20)).values
    assert f"from {along.min():.4g} to {along.max():.4g}" in said(found)
    assert f"Predicted on {on}, close to one point alone" in [table.caption for table in found.tables]


def test_a_quadratic_is_said_to_be_one(problem):
    found = theory(subject(pk.HeavyBall(lr=0.6, momentum=0.5), problem))
    assert "said of quadratics, and the curvature is the same all along this descent" in said(found)


def test_page_says_what_is_proved_beyond_quadratics(problem):
    found = theory(subject(pk.GradientDescent(lr=0.2), problem))
    assert "On every function with curvature from 0.2 to 4 an error shrinks by 0.96 a step or faster" in said(
        found
    )
    fails = said(theory(subject(pk.HeavyBall(lr=0.7, momentum=0.7), problem)))
    assert "On every function with curvature from 0.2 to 4 no rate below 1 is certified" in fails
    assert "it ends in the cycle" in fails


def test_turned_quadratic_is_told_along_its_own_axes(problem):
    landscape = pk.landscapes.quadratic([0.5, 3.0], rotation=30, start=[2.0, -1.0])
    found = theory(subject(pk.HeavyBall(lr=0.3, momentum=0.4), problem, on=landscape))
    ends = pk.stability(pk.HeavyBall(lr=0.3, momentum=0.4), [0.5, 3.0]).path(20)[-1]
    for end in ends:
        assert f"1 should become {end:.4g}" in said(found)
        assert f", {end:.4g} of it" in said(found)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            pk.Adam(lr=0.1),
            [
                "not linear in the gradient",
                "has no matrix of its own; while its preconditioner stays it is linear",
                "On preconditioned curvature",
            ],
        ),
        (pk.Lion(lr=0.1), ["Stability: lion takes steps of a fixed length"]),
        (pk.GradientDescent(lr=0.1), ["A gradient moves x once, by 0.1 times itself"]),
        (pk.HeavyBall(lr=lambda step: 0.1, momentum=0.5), ["Stability:", "schedule"]),
    ],
    ids=["adam", "lion", "gradient_descent", "schedule"],
)
def test_what_theory_cannot_say_is_said_in_words(rule, words, problem):
    found = theory(subject(rule, problem))
    assert all(word in said(found) for word in words), said(found)


def test_prediction_takes_the_best_of_the_ladder_and_is_held_against_runs(problem):
    found = prediction(subject(pk.HeavyBall(lr=0.6, momentum=0.5), problem))
    header, *_ = found.tables[0].header, found.tables[0].rows
    assert tuple(header[:2]) == ("step", "predicted mean")
    for _, predicted, mean, error in found.tables[0].rows:
        # Some ten checkpoints that move together: 5 standard errors leave no room for chance.
        assert abs(float(predicted) - float(mean)) <= 5 * float(error) + 1e-5
    assert "best learning rate of the ladder" in said(found)


@pytest.mark.parametrize(
    ("rule", "data", "words"),
    [
        (pk.Adam(lr=0.1), "diabetes", "adam is not linear"),
        (pk.HeavyBall(lr=0.1, momentum=0.5), "breast_cancer", "least squares"),
    ],
)
def test_no_prediction_says_why(rule, data, words):
    table = getattr(pk.data, data)()
    problem = pk.logistic_regression(table) if table.classes else pk.linear_regression(table)
    found = prediction(subject(rule, problem))
    assert words in said(found)
    assert not found.pictures
