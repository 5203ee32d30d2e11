"""Restarts: against the scheme written out as a loop, and what they are for."""

from __future__ import annotations

import math

import numpy as np
import pytest

import polyak as pk
from polyak.rules import Restarted

CURVATURES = np.array([1.0, 30.0, 1000.0])
BOWL = pk.landscapes.quadratic(CURVATURES.tolist())
LR, MOMENTUM = 1e-3, 0.97


def by_hand(scheme: str, steps: int) -> tuple[np.ndarray, int]:
    """The heavy ball whose velocity is set to 0 as the paper says, by a plain loop."""
    x, v, last, count = np.array(BOWL.start), np.zeros(3), math.inf, 0
    found = [x]
    for _ in range(steps):
        g, value = CURVATURES * x, float(CURVATURES @ x**2 / 2)
        if scheme == "function" and value > last:
            v, count = np.zeros(3), count + 1
        v, last = MOMENTUM * v + LR * g, value
        x = x - v
        if scheme == "gradient" and g @ -v > 0:
            v, count = np.zeros(3), count + 1
        found.append(x)
    return np.array(found), count


def restarted(scheme: str) -> Restarted:
    objective = BOWL if scheme == "function" else None
    return Restarted("heavy_ball", scheme, objective=objective, lr=LR, momentum=MOMENTUM)


@pytest.mark.parametrize("scheme", ["gradient", "function"])
def test_goes_where_the_loop_goes(scheme: str) -> None:
    rule, (known, count) = restarted(scheme), by_hand(scheme, 200)
    assert count >= 2
    np.testing.assert_allclose(pk.descend(rule, BOWL, 200).positions, known, rtol=0, atol=1e-12)
    # The same object on NumPy arrays, step by step.
    if scheme == "gradient":
        x = np.array(BOWL.start)
        state = rule.init(x)
        for _ in range(200):
            updates, state = rule.update(CURVATURES * x, state, x)
            x = x + updates
        np.testing.assert_allclose(x, known[-1], atol=1e-12)
        assert int(state.restarts) == count


@pytest.mark.parametrize("scheme", ["gradient", "function"])
def test_it_is_sooner_there_without_knowing_the_least_curvature(scheme: str) -> None:
    """Momentum .99 is too much for these curvatures: cut off, less than a fifth of the steps is left."""
    rule, objective = pk.Nesterov(lr=LR, momentum=0.99), BOWL if scheme == "function" else None
    plain = pk.descend(rule, BOWL, 3000).steps_to(1e-6)
    assert (
        pk.descend(Restarted(rule, scheme, objective=objective), BOWL, 3000).steps_to(1e-6)
        < 0.2 * plain
        < 600
    )


def test_a_momentum_that_grows_begins_anew() -> None:
    """Nesterov's k/(k+3) knows no curvature at all: its error falls as 1/k^2, and with restarts as a power of k."""
    rule = pk.Nesterov(lr=LR, momentum=lambda step: step / (step + 3))
    plain, anew = (pk.descend(each, BOWL, 600) for each in (rule, Restarted(rule)))
    assert anew.values[-1] < 1e-6 * plain.values[-1]
    assert anew.steps_to(1e-4) < plain.steps_to(1e-4)


def test_it_trains() -> None:
    problem = pk.linear_regression(pk.data.diabetes().standardized())
    rule = Restarted("heavy_ball", lr=0.01, momentum=0.9)
    history = pk.train(rule, problem, batch_size=442, epochs=20)
    assert float(history.losses[0, -1]) < float(history.losses[0, 0])
    assert rule.replace(lr=0.02).settings() == {
        "lr": 0.02,
        "momentum": 0.9,
        "lr_in_velocity": True,
        "restarts": "gradient",
    }


def test_steps_to_are_those_from_which_on_it_stays() -> None:
    trace = pk.descend(pk.HeavyBall(lr=0.01, momentum=0.9), pk.landscapes.quadratic([1.0]), 300)
    s = pk.stability(trace.rule, [1.0])
    for fraction in (0.5, 0.1, 0.001):
        assert trace.steps_to(fraction) == s.steps_to(fraction)[0]
    assert trace.steps_to(1e-300) == math.inf
    slope = pk.landscapes.from_function(lambda x: x[0], start=[1.0])
    assert math.isnan(pk.descend("heavy_ball", slope, 3, lr=0.1, momentum=0.5).steps_to(0.5))


def test_bad_input_is_one_line(refused) -> None:
    with refused("'gradent'", "gradient"):
        Restarted("heavy_ball", "gradent", lr=0.1, momentum=0.5)
    with refused("expected objective="):
        Restarted("heavy_ball", "function", lr=0.1, momentum=0.5)
    with refused("objective is 3"):
        Restarted("heavy_ball", "function", objective=3, lr=0.1, momentum=0.5)
    with refused("fraction is 2"):
        pk.descend("heavy_ball", BOWL, 3, lr=LR, momentum=0.5).steps_to(2)
    with refused("need the parameters"):
        restarted("gradient").update(np.ones(3), restarted("gradient").init(np.ones(3)))
    with refused("is not linear"):  # it has no matrix: what it does depends on where it is
        pk.stability(restarted("gradient"), [1.0])
