"""Changing a number compiles nothing: what is traced is counted."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import optax
import pytest

from polyak.problems import Problem
from polyak.rules import Adam, HeavyBall, Rule, from_optax
from polyak.run import descend, train

# Two values of every number that a rule of ours is set by, both within every range.
FIRST = {"lr": 0.05, "momentum": 0.9, "rate": 0.7}
SECOND = {"lr": 0.021, "momentum": 0.35, "rate": 0.6}


def runs(counted: Any, counted_problem: Any) -> Any:
    """A descent and a training of a rule, each with its counter."""
    (steps, landscape), (losses, problem) = counted, counted_problem
    return (steps, lambda rule: descend(rule, landscape)), (losses, lambda rule: train(rule, problem))


def numbers(kind: type[Rule], values: dict[str, float], other: float) -> Rule:
    """A rule with every number set: to what is named, or to a part of its default."""
    settings = {}
    for name in kind.hyperparameters():
        default = getattr(kind, name, None)
        settings[name] = values.get(name, None if default is None else other * default)
    return kind(**settings)


def test_a_rules_numbers_in_a_descent(kind: type[Rule], counted: Any) -> None:
    counter, landscape = counted
    first = descend(numbers(kind, FIRST, 1.0), landscape, 20)
    assert counter.new() > 0, "the counter counts"
    second = descend(numbers(kind, SECOND, 0.5), landscape, 20)
    assert counter.new() == 0
    assert not np.array_equal(first.positions, second.positions)


@pytest.mark.parametrize("kind_of", [HeavyBall, Adam])
def test_a_rules_numbers_in_a_training(kind_of: type[Rule], counted_problem: Any) -> None:
    counter, problem = counted_problem
    first = train(numbers(kind_of, FIRST, 1.0), problem)
    assert counter.new() > 0
    second = train(numbers(kind_of, SECOND, 0.5), problem)
    assert counter.new() == 0
    assert not np.array_equal(first.losses, second.losses)


def test_the_seed_of_a_training(counted_problem: Any) -> None:
    counter, problem = counted_problem
    rule = HeavyBall(0.05, 0.9)
    train(rule, problem, seeds=[1, 2])
    assert counter.new() > 0
    train(rule, problem, seeds=[3, 4])
    train(rule, problem, seed=8, seeds=2)
    assert counter.new() == 0
    train(rule, problem, seeds=3)
    assert counter.new() > 0, "another number of seeds is another shape"


def test_the_start_of_a_descent(counted: Any) -> None:
    counter, landscape = counted
    rule = HeavyBall(0.05, 0.9)
    descend(rule, landscape)
    counter.new()
    moved = descend(rule, landscape, start=(3, 1))
    descend(rule, landscape.starting_at((1, -1)))
    assert counter.new() == 0
    assert moved.positions[0].tolist() == [3, 1]


@pytest.mark.parametrize("lr", [0.05, lambda step: 0.05 * 0.9**step], ids=["constant", "schedule"])
def test_steps_up_to_the_next_power_of_two(lr: Any, counted: Any) -> None:
    counter, landscape = counted
    rule = HeavyBall(lr, 0.9)
    longest = descend(rule, landscape, 32)
    assert counter.new() > 0
    for steps in (17, 20, 31):
        trace = descend(rule, landscape, steps)
        assert trace.steps == steps
        np.testing.assert_array_equal(trace.positions, longest.positions[: steps + 1])
    assert counter.new() == 0
    descend(rule, landscape, 33)
    assert counter.new() > 0


def halved(step: Any) -> Any:
    return 0.05 * 0.5**step


def dropped(step: Any) -> Any:
    return 0.05 if step < 3 else 0.02


def test_the_values_of_a_schedule(counted: Any, counted_problem: Any) -> None:
    """A schedule's table is an argument; the function that made it is not."""
    for counter, run in runs(counted, counted_problem):
        run(HeavyBall(halved, 0.9))
        assert counter.new() > 0
        for schedule in (dropped, optax.linear_schedule(0.05, 0.0, 9)):
            run(HeavyBall(schedule, 0.3))
        assert counter.new() == 0


def test_the_arguments_of_an_optax_factory(counted: Any, counted_problem: Any) -> None:
    def rule(lr: Any, decay: float) -> Any:
        return from_optax(optax.adamw, learning_rate=lr, b1=decay, weight_decay=decay / 100)

    for counter, run in runs(counted, counted_problem):
        run(rule(0.05, 0.9))
        assert counter.new() > 0
        run(rule(0.01, 0.7))
        assert counter.new() == 0
        run(rule(halved, 0.9))
        assert counter.new() > 0, "a schedule is another structure"
        run(rule(optax.linear_schedule(0.1, 0.01, 12), 0.8))
        assert counter.new() == 0


def test_an_optimizer_as_it_is_compiles_once(counted: Any) -> None:
    counter, landscape = counted
    optimizer = optax.sgd(0.05)
    descend(optimizer, landscape)
    assert counter.new() > 0
    descend(optimizer, landscape, start=(1, 1))
    assert counter.new() == 0


def test_two_problems_of_one_shape(counted_problem: Any) -> None:
    counter, problem = counted_problem
    train(HeavyBall(0.05, 0.9), problem)
    assert counter.new() > 0
    data = problem.data.from_arrays(problem.data.features * 2, -problem.data.labels)
    train(HeavyBall(0.05, 0.9), Problem("other", data, counter, problem.init, ""))
    assert counter.new() == 0


def test_more_calls_of_one_training_compile_once(
    counted_problem: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, problem = counted_problem
    monkeypatch.setattr(importlib.import_module("polyak.run.train"), "STEPS_A_CALL", 12)
    train(HeavyBall(0.05, 0.9), problem, epochs=2)  # two epochs of six steps: one call
    assert counter.new() > 0
    train(HeavyBall(0.05, 0.9), problem, epochs=8)
    assert counter.new() == 0
