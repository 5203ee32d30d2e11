"""Changing a number of a sweep compiles nothing: what is traced is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import optax
import pytest

from polyak.rules import HeavyBall, Scaled, from_page
from polyak.sweeps import linear, log, memory, search_space, sweep


def looks(counter: Any, target: Any, options: dict[str, Any]) -> int:
    """How often the target's attributes alone call the function: once a sweep, on numbers and not to compile it."""
    counter.new()
    sweep(HeavyBall, on=target, lr=[0.1, 0.2], momentum=0.5, **options)
    first = counter.new()
    sweep(HeavyBall, on=target, lr=[0.1, 0.2], momentum=0.5, **options)
    again = counter.new()
    assert first > again, "the counter counts"
    return again


def schedule(step: Any) -> Any:
    return 0.05 * 0.5**step


def page(params: Any, states: Any, hyperparams: Any) -> None:
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


PAIRS = {
    "axes": (
        search_space(HeavyBall, lr=log(0.01, 1, 6), momentum=memory(1, 9, 4)),
        search_space(HeavyBall, lr=linear(0.02, 0.3, 6), momentum=[0.1, 0.2, 0.3, 0.7]),
    ),
    "fixed": (
        search_space(HeavyBall, lr=log(0.01, 1, 6), momentum=0.5),
        search_space(HeavyBall, lr=log(0.02, 2, 6), momentum=0.9),
    ),
    "schedule": (
        search_space(HeavyBall, lr=schedule, momentum=[0.1, 0.9]),
        search_space(HeavyBall, lr=optax.linear_schedule(0.1, 0.01, 9), momentum=[0.3, 0.4]),
    ),
    "optax": (
        search_space(optax.adam, learning_rate=[0.1, 0.2], b1=0.5, b2=[0.9, 0.99]),
        search_space(optax.adam, learning_rate=[0.3, 0.4], b1=0.7, b2=[0.8, 0.999]),
    ),
    "page": (
        search_space(from_page(page, momentum=0.5), lr=[0.1, 0.2]),
        search_space(from_page(page, momentum=0.7), lr=[0.3, 0.5]),
    ),
    "wrapper": (
        search_space(Scaled(HeavyBall(0.1, 0.5), 2.0), lr=[0.1, 0.2]),
        search_space(Scaled(HeavyBall(0.1, 0.7), 3.0), lr=[0.3, 0.5]),
    ),
}


@pytest.mark.parametrize("what", PAIRS)
@pytest.mark.parametrize("on", ["landscape", "problem"])
def test_other_numbers(what: str, on: str, counted: Any, counted_problem: Any) -> None:
    counter, target = counted if on == "landscape" else counted_problem
    options: dict[str, Any] = {"steps": 20} if on == "landscape" else {"epochs": 1}
    numbers_alone = looks(counter, target, options)
    first, second = PAIRS[what]
    one = sweep(first, on=target, **options)
    assert counter.new() > numbers_alone or what == "fixed"
    other = sweep(second, on=target, **options)
    assert counter.new() == numbers_alone
    assert not np.array_equal(one[next(iter(one))], other[next(iter(other))])


def test_other_seeds_starts_and_targets(counted: Any, counted_problem: Any) -> None:
    counter, problem = counted_problem
    options: dict[str, Any] = {"epochs": 1, "target": 0.5, "momentum": 0.5, "lr": [0.1, 0.2]}
    numbers_alone = looks(counter, problem, {"epochs": 1})
    sweep(HeavyBall, on=problem, seeds=2, **options)
    assert counter.new() > numbers_alone
    sweep(HeavyBall, on=problem, seeds=[7, 9], **{**options, "target": 0.7})
    assert counter.new() == numbers_alone
    counter, landscape = counted
    numbers_alone = looks(counter, landscape, {})
    sweep(HeavyBall, on=landscape, lr=[0.1, 0.2], momentum=0.5, target=0.1)
    counter.new()
    sweep(HeavyBall, on=landscape.starting_at((1, 1)), lr=[0.1, 0.2], momentum=0.5, target=0.2)
    assert counter.new() == numbers_alone


def test_every_chunk_of_a_plane_is_one_compilation(counted: Any) -> None:
    counter, landscape = counted
    numbers_alone = looks(counter, landscape, {"steps": 11})
    sweep(HeavyBall, on=landscape, steps=12, lr=log(0.01, 1, 2), momentum=[0.0, 0.5], chunk=1)
    one_plane = counter.new()
    sweep(HeavyBall, on=landscape, steps=13, lr=log(0.01, 1, 23), momentum=memory(1, 9, 7), chunk=7)
    assert counter.new() == one_plane > numbers_alone
