"""What theory says of a rule, all together: a prediction is a function that registers itself."""

from __future__ import annotations

import polyak as pk
from polyak.theory import predictions as registry
from polyak.theory.predictions import InTraining, OnCurvatures, Prediction, predictions, predicts

RULE = pk.HeavyBall(lr=0.1, momentum=0.5)


def test_each_prediction_says_what_its_own_verb_says():
    said = predictions(OnCurvatures(RULE, [1.0, 4.0]))
    stability = pk.stability(RULE, [1.0, 4.0])
    assert said["response"].lines == (str(pk.response(RULE)),)
    assert said["stability"].lines == (str(stability), *stability.words())
    assert "scope" not in said  # curvatures as given hold where they are given


def test_of_a_landscape_that_is_no_quadratic_it_is_said_that_all_holds_close_to_a_point():
    rosenbrock = OnCurvatures(pk.HeavyBall(lr=0.0005, momentum=0.5), pk.landscapes.rosenbrock)
    (line,) = predictions(rosenbrock)["scope"].lines
    assert line.startswith("The curvature of rosenbrock changes along the descent")


def test_what_is_expected_of_a_training():
    problem = pk.linear_regression(pk.data.diabetes().standardized())
    said = predictions(InTraining(RULE, problem, batch_size=10, steps=5, seeds=3))
    expected = pk.expected_loss(RULE, problem, batch_size=10, steps=5, seeds=3)
    assert said["expectation"].lines == (str(expected),)


def test_a_new_prediction_is_said_in_its_place(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTERED", {OnCurvatures: []})

    @predicts(OnCurvatures, "last", place=2)
    def last(asked):
        return Prediction(None, (f"on {len(asked.stability.curvatures)}",))

    @predicts(OnCurvatures, "first", place=1)
    def first(asked):
        return Prediction(None, ("before",))

    @predicts(OnCurvatures, "silent", place=3)
    def silent(asked):
        return None

    said = predictions(OnCurvatures(RULE, [1.0, 4.0]))
    assert list(said) == ["first", "last"]
    assert said["last"].lines == ("on 2",)


def test_each_verb_takes_a_rule_and_what_it_is_run_on_by_their_names(small_problem, refused):
    numbers = {"lr": 0.1, "momentum": 0.5}
    assert str(pk.stability("heavy_ball", "ravine", **numbers)) == str(
        pk.stability(RULE, pk.landscapes.ravine)
    )
    assert str(pk.response("heavy_ball", **numbers)) == str(pk.response(RULE))
    assert pk.theory.step_map("heavy_ball", **numbers).B.tolist() == pk.theory.step_map(RULE).B.tolist()
    for ask in (pk.expected_loss, pk.lr_drop):
        assert str(ask("heavy_ball", small_problem, steps=4, **numbers)) == str(
            ask(RULE, small_problem, steps=4)
        )
    with refused("lr", "has its settings already"):
        pk.stability(RULE, [1.0], lr=0.2)


def test_the_curvatures_of_a_function():
    assert pk.theory.curvatures(lambda x1, x2: x1**2 + 3 * x2**2).values.tolist() == [2.0, 6.0]


def test_what_has_no_stability_has_no_predictions(refused):
    with refused("adam is not linear"):
        OnCurvatures(pk.Adam(lr=0.1), [1.0])
