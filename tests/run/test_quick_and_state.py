"""What a training leaves a rule with, and a training that is compiled for its first run and not for its hundredth."""

import dataclasses

import jax
import numpy as np
import pytest

import polyak as pk
from polyak.ground.compiled import OPTIONS, jitted
from polyak.problems import Problem


@pytest.fixture(scope="module")
def problem():
    return pk.linear_regression(pk.data.diabetes())


def test_quick_code_takes_the_same_steps(problem):
    rule = pk.Adam(lr=0.05)
    soon, fast = (pk.train(rule, problem, quick=quick, seeds=2, dtype="float64") for quick in (True, False))
    np.testing.assert_allclose(soon.losses, fast.losses, rtol=1e-12)
    np.testing.assert_allclose(soon.params["weight"], fast.params["weight"], rtol=1e-11)


def test_the_state_is_the_rules_last(problem):
    rule = pk.HeavyBall(lr=0.02, momentum=0.9)
    history = pk.train(rule, problem, batch_size=442, epochs=3, seeds=2, dtype="float64")
    for seed in range(2):
        params = problem.init(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,))))
        state = rule.init(params)
        for _ in range(3):
            with jax.enable_x64(True):
                slope = jax.grad(problem.loss)(params, problem.data.features, problem.data.labels)
            updates, state = rule.update(jax.tree.map(np.asarray, slope), state, params)
            params = jax.tree.map(lambda x, step: x + step, params, updates)
        found = jax.tree.map(lambda array, seed=seed: array[seed], history.state)
        assert found.count == 3
        np.testing.assert_allclose(
            found.slots["weight"]["velocity"], state.slots["weight"]["velocity"], rtol=1e-10
        )


def test_options_that_xla_does_not_know_are_left_out():
    def double(x):
        return 2 * x

    apply = jitted(lambda function, x: function(x), {**OPTIONS, "xla_cpu_no_such_option": True}, static=0)
    for _ in range(2):
        assert apply(double, np.array([1.5]))[0] == 3.0


def test_rows_that_stand_for_all_are_where_the_losses_are_taken(problem):
    """A stand-in that is plainly another: its losses are recorded, and the steps are the same."""
    other = dataclasses.replace(problem.data, labels=problem.data.labels + 10.0)
    strange = Problem(problem.name, problem.data, problem.loss, problem.init, problem.formula, other)
    rule = pk.GradientDescent(lr=0.02)
    found, plain = pk.train(rule, strange), pk.train(rule, problem)
    assert (found.losses > plain.losses + 20).all()
    np.testing.assert_array_equal(found.params["weight"], plain.params["weight"])
