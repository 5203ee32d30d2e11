"""What a sweep is not asked for in a way that can be answered: one line, and nothing written."""

from __future__ import annotations

from typing import Any

import numpy as np
import optax
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import polyak as pk
from polyak.ground.errors import PolyakError
from polyak.problems import Problem
from polyak.rules import Adam, Clipped, GradientDescent, HeavyBall, from_page, from_plane
from polyak.sweeps import linear, log, memory, search_space, sweep

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**70),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.integers(-2, 3), max_size=3),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.just(np.array(3)),
    st.just(np.array([[1, 2]])),
    st.just(float),
    st.just(1j),
)


def one_line_or_a_result(**options: Any) -> None:
    given_options: dict[str, Any] = {"steps": 2, "lr": [0.1, 0.2], "momentum": 0.5, **options}
    try:
        found = sweep(HeavyBall, **given_options)
    except PolyakError:
        return
    assert found.final_value.size > 0 if "final_value" in found else True


@pytest.mark.parametrize(
    "name", ["record", "every", "target", "dtype", "chunk", "cells", "sampling", "seed", "seeds", "lr", "momentum"]
)  # fmt: skip
@given(value=anything)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_given_for_a_landscape(name: str, value: Any) -> None:
    if name == "cells":
        one_line_or_a_result(cells=value if not isinstance(value, int) else min(value, 99), sampling="random")
    one_line_or_a_result(**{name: value})


@pytest.mark.parametrize("name", ["seed", "seeds", "batch_size", "epochs", "every"])
@given(value=anything)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_given_for_a_training(name: str, value: Any, small: Problem) -> None:
    options: dict[str, Any] = {"epochs": 1, "lr": [0.1, 0.2], "momentum": 0.5, "record": "final", name: value}
    # A great many runs are asked for by a great number: that is no mistake.
    if isinstance(value, int | float) and value > 9 and name in ("seeds", "epochs", "batch_size"):
        return
    try:
        found = sweep(HeavyBall, on=small, **options)
    except PolyakError:
        return
    assert found.final_loss.size > 0


@given(name=st.text(max_size=12), value=anything)
@settings(max_examples=40)
def test_whatever_setting(name: str, value: Any) -> None:
    for rule in (HeavyBall, optax.adam, HeavyBall(0.1, 0.5)):
        try:
            plane = search_space(rule, **{name: value})
        except PolyakError:
            continue
        assert name in plane.rule.settings() or not name


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": [0.1, 0.2]}, ("heavy_ball needs momentum",)),
        ({"lr": 0.1, "momentum": 0.5}, ("heavy_ball has no axis", "log(1e-3, 1, 50)")),
        ({"lr": [0.1], "momentum": 0.5}, ("one value", "give one as a setting")),
        ({"lr": [], "momentum": 0.5}, ("no value",)),
        ({"lr": [0.2, 0.1], "momentum": 0.5}, ("0.2, 0.1", "ascending")),
        ({"lr": ["0.1", "0.2"], "momentum": 0.5}, ("'0.1'", "finite number")),
        ({"lr": [0.1, float("nan")], "momentum": 0.5}, ("nan", "finite number")),
        ({"lr": np.ones((2, 2)), "momentum": 0.5}, ("lr has the shape (2, 2)",)),
        ({"lr": linear(-1, 1, 3), "momentum": 0.5}, ("the axis of lr goes to -1", "[0, inf)", "heavy_ball")),
        ({"lr": 0.1, "momentum": linear(0, 1, 3)}, ("the axis of momentum goes to 1", "[0, 1)")),
        ({"lr": 0.1, "momentum": linear(0.5, 1.5, 3)}, ("the axis of momentum goes to 1.5", "[0, 1)")),
        ({"lr": 0.1, "momentun": [0.1, 0.2]}, ("unknown setting of heavy_ball 'momentun'", "'momentum'?")),
        ({"lr": 0.1, "momentum": "much"}, ("momentum is 'much'",)),
        ({"lr": 0.1, "momentum": 0.5, "lr_in_velocity": [0, 1]}, ("lr_in_velocity", "is a choice")),
        ({"lr": log(0.1, 1), "momentum": 0.5}, ("the axis of lr says no count", "log:0.1:1:5")),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "sampling": "gird"}, ("sampling 'gird'", "'grid'?")),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "sampling": "random"}, ("random needs cells",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "cells": 9}, ("cells has no place with a grid",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "record": "finall"}, ("record 'finall'", "'final'?")),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "record": []}, ("nothing is recorded",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "record": "steps_to_target"}, ("needs a target",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "target": float("nan")}, ("target is nan",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "seeds": 3}, ("seeds have no place on a landscape",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "steps": 0}, ("steps is 0",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "every": 0}, ("every is 0",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "chunk": 0}, ("chunk is 0",)),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "dtype": "float16"}, ("dtype 'float16'", "float64, float32")),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "on": "ravin"}, ("landscape 'ravin'", "'ravine'?")),
        ({"lr": [0.1, 0.2], "momentum": 0.5, "on": 5}, ("5 is no landscape",)),
    ],
)
def test_what_is_wrong_is_said(settings: dict[str, Any], words: tuple[str, ...], refused: Any) -> None:
    with refused(*words):
        sweep(HeavyBall, **settings)


def page(params: Any, states: Any, hyperparams: Any) -> None:
    for p in params:
        p[:] -= hyperparams["lr"] * p.grad


eta = 0.1


def plane_page(x1: Any, x2: Any, s1: Any, s2: Any) -> Any:
    return x1 - eta * x1, x2 - eta * x2, s1, s2


def test_rules_that_are_none(refused: Any) -> None:
    for what, words in (
        (None, "is not a rule"),
        (5, "is not a rule"),
        ("heavy_ball", "heavy_ball needs lr"),
        ("heavy_bal", "did you mean 'heavy_ball'"),
        (Adam(0.1), "has no axis"),
    ):
        with refused(words):
            sweep(what)
    with refused("no settings to sweep", "optax.adam"):
        search_space(optax.adam(0.1), learning_rate=[0.1, 0.2])
    with refused("unknown setting of optax:adam 'beta1'"):
        search_space(optax.adam, learning_rate=0.1, beta1=[0.1, 0.2])
    with refused("optax:adam needs learning_rate"):
        search_space(optax.adam, b1=[0.1, 0.2])
    with refused("the axis of learning_rate goes to -1"):
        search_space(optax.adam, learning_rate=linear(-1, 1, 3))
    with refused("plane_page", "'etta'", "'eta'?"):
        search_space(from_plane(plane_page), etta=[0.1, 0.2])
    with refused("page needs the hyper-parameter 'lr'", "'lrr'?"):
        sweep(from_page(page), lrr=[0.1, 0.2])
    with refused("momentum is 1.5"):
        search_space(Clipped(HeavyBall(0.1, 0.5), 1.0), momentum=linear(0, 1.5, 3))
    with refused("clip"):
        search_space(Clipped(HeavyBall(0.1, 0.5), 1.0), clip=linear(-1, 1, 3))


def test_several_rules_that_cannot_be(refused: Any) -> None:
    plane = search_space(HeavyBall, lr=[0.1, 0.2], momentum=0.5)
    with refused("no rule is given"):
        sweep([])
    with refused("is not a search space", "search_space("):
        sweep([plane, HeavyBall])
    with refused("lr has no place beside several rules", "search_space("):
        sweep([plane, plane], lr=[0.1, 0.2])
    with refused("heavy_ball has no axis"):
        sweep([plane, search_space(HeavyBall(0.1, 0.5))])


def test_a_training_that_cannot_be(small: Problem, refused: Any) -> None:
    for options, words in (
        ({"record": "positions"}, ("on landscapes",)),
        ({"batch_size": 54}, ("batch_size is 54", "1 to 53")),
        ({"epochs": 0}, ("epochs is 0",)),
        ({"seeds": "three"}, ("seeds is 'three'", "whole number")),
        ({"seeds": 2.5}, ("seeds is 2.5",)),
        ({"seeds": []}, ("seeds is empty",)),
        ({"seeds": [1, -1]}, ("seed is -1",)),
        ({"seeds": [1, 2**63]}, ("seed is 9223372036854775808",)),
        ({"seeds": [1, 1]}, ("seed 1 is given twice",)),
        ({"seed": "one"}, ("seed is 'one'",)),
    ):
        with refused(*words):
            sweep(GradientDescent, on=small, lr=[0.1, 0.2], **options)


def test_the_public_names() -> None:
    found = pk.sweep(
        [pk.search_space(pk.HeavyBall, lr=pk.axes.log(0.1, 1, 3), momentum=pk.axes.memory(1, 9, 2)),
         pk.search_space(pk.GradientDescent, lr=pk.axes.linear(0.1, 1, 3)),
         pk.search_space(pk.Adam, lr=pk.axes.values([0.1, 0.2]))],
        steps=3,
    )  # fmt: skip
    assert list(found.children) == ["heavy_ball", "gradient_descent", "adam"]
    assert memory(1, 9, 2) == pk.axes.memory(1, 9, 2)
