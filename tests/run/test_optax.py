"""Optax's optimizers are rules: through descend and train they do what a loop written in Optax does."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from polyak.landscapes import from_function
from polyak.problems import linear_regression, perceptron
from polyak.rules import from_optax
from polyak.run import descend, train
from polyak.run.batches import parameter_generator

STEPS = 60
EPS = np.finfo(np.float64).eps
drop = optax.piecewise_constant_schedule(0.05, {30: 0.2})


def chained(learning_rate: float, momentum: float) -> Any:
    """What people write: clipping before, and a state of several parts."""
    return optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(learning_rate, momentum))


FACTORIES = {
    "sgd": (optax.sgd, {"learning_rate": 0.05, "momentum": 0.9}),
    "sgd, nesterov": (optax.sgd, {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "sgd, lr dropped": (optax.sgd, {"learning_rate": drop, "momentum": 0.9}),
    "adam": (optax.adam, {"learning_rate": 0.05}),
    "adamw": (optax.adamw, {"learning_rate": drop, "weight_decay": 0.01}),
    "lion": (optax.lion, {"learning_rate": 0.01}),
    "nadam": (optax.nadam, {"learning_rate": 0.05}),
    "rmsprop": (optax.rmsprop, {"learning_rate": 0.02, "momentum": 0.5}),
    "chain": (chained, {"learning_rate": 0.05, "momentum": 0.9}),
}


def made(factory: Any, arguments: dict[str, Any]) -> Any:
    return factory(**arguments)


spelled = pytest.mark.parametrize(
    "spell", [made, lambda f, kw: from_optax(f, **kw)], ids=["as it is", "from_optax"]
)


def wavy(x1: Any, x2: Any) -> Any:
    return 0.6 * x1**2 + 2 * x2**2 + jnp.cos(x1 + 0.5 * x2)


def loop_of_optax(tx: Any, params: Any, slopes: Any) -> list[Any]:
    """The parameters after each step."""
    state, path = tx.init(params), [params]
    update = jax.jit(tx.update)
    for slope in slopes:
        updates, state = update(slope(params), state, params)
        params = optax.apply_updates(params, updates)
        path.append(params)
    return path


@pytest.fixture(scope="module")
def landscape() -> Any:
    return from_function(wavy, start=(-3.0, 1.7))


@pytest.fixture(scope="module")
def path_of(landscape: Any) -> Any:
    """Optax's own path on it, by the name of a factory: one for both spellings."""
    with jax.enable_x64(True):
        slope = jax.jit(jax.grad(landscape.function))

    @functools.cache
    def path_of(name: str) -> np.ndarray:
        factory, arguments = FACTORIES[name]
        with jax.enable_x64(True):
            return np.array(loop_of_optax(factory(**arguments), jnp.array([-3.0, 1.7]), [slope] * STEPS))

    return path_of


@spelled
@pytest.mark.parametrize("name", FACTORIES)
def test_descend(spell: Any, name: str, landscape: Any, path_of: Any) -> None:
    trace, path = descend(spell(*FACTORIES[name]), landscape, STEPS), path_of(name)
    # A few roundings a step, each of the size of the positions, on each of the two paths.
    np.testing.assert_allclose(trace.positions, path, rtol=0, atol=8 * STEPS * EPS * np.abs(path).max())
    assert np.abs(path[-1] - path[0]).max() > 0.3


@spelled
@pytest.mark.parametrize("name", ["sgd, lr dropped", "adamw", "chain"])
def test_train(spell: Any, name: str, small: Any, batches: Any, close: Any) -> None:
    factory, arguments = FACTORIES[name]
    epochs, seed = 10, 3
    history = train(spell(factory, arguments), small, epochs=epochs, seed=seed, dtype="float64")
    assert history.steps_taken[-1] == STEPS
    X, y = small.data.features, small.data.labels
    with jax.enable_x64(True):
        slope = jax.jit(jax.grad(small.loss))
        rows = [batch for epoch in batches(53, seed, epochs, 10) for batch in epoch]
        params = jax.tree.map(jnp.asarray, small.init(parameter_generator(seed)))
        slopes = [lambda params, k=k: slope(params, X[k], y[k]) for k in rows]
        end = loop_of_optax(factory(**arguments), params, slopes)[-1]
        loss = float(small.loss(end, X, y))
    # As above, and each gradient sums over a batch of 10.
    close(jax.tree.map(lambda x: x[0], history.params), end, 80 * STEPS * EPS)
    assert history.final_losses[0] == pytest.approx(loss, rel=80 * STEPS * EPS)
    assert history.losses[0, 0] != pytest.approx(loss, rel=0.01)


def test_train_a_perceptron_in_float32(three: Any, batches: Any, close: Any) -> None:
    problem = perceptron(three, hidden=(5,))
    history = train(from_optax(optax.adam, learning_rate=0.01), problem, epochs=3, seed=1)
    X, y = jnp.float32(three.features), jnp.float32(three.labels)
    slope = jax.jit(jax.grad(problem.loss))
    params = jax.tree.map(jnp.float32, problem.init(parameter_generator(1)))
    rows = [batch for epoch in batches(53, 1, 3, 10) for batch in epoch]
    slopes = [lambda params, k=k: slope(params, X[k], y[k]) for k in rows]
    end = loop_of_optax(optax.adam(0.01), params, slopes)[-1]
    assert all(x.dtype == np.float32 for x in jax.tree.leaves(history.params))
    # A mean over ten rows, and adam divides by gradients' sizes: parts of their size count, at 18 steps.
    close(jax.tree.map(lambda x: x[0], history.params), end, 100 * 18 * float(np.finfo("float32").eps))


def test_a_state_that_is_not_of_arrays_alone(small: Any) -> None:
    """optax.inject_hyperparams keeps its numbers in the state; a masked part keeps none."""
    injected = optax.inject_hyperparams(optax.sgd)(learning_rate=0.05)
    plain = train(optax.sgd(0.05), small, epochs=2, dtype="float64")
    same = train(injected, small, epochs=2, dtype="float64")
    np.testing.assert_allclose(same.losses, plain.losses, rtol=100 * EPS)
    frozen = optax.masked(optax.set_to_zero(), {"weight": False, "bias": True})
    history = train(optax.chain(optax.sgd(0.05), frozen), small, epochs=2, dtype="float64")
    assert history.params["bias"][0] == 0
    assert history.final_losses[0] < history.losses[0, 0]


def test_what_optax_schedules_do_is_done_at_its_step(small: Any) -> None:
    """A rate of zero from step 6 on: the second epoch of six steps changes nothing."""
    stopped = optax.piecewise_constant_schedule(0.05, {6: 0.0})
    for rule in (optax.sgd(stopped), from_optax(optax.sgd, learning_rate=stopped)):
        losses = train(rule, small, epochs=2, every=10, dtype="float64").losses[0]
        assert np.unique(losses[:7]).size == 7
        np.testing.assert_array_equal(losses[7:], losses[6])


def test_linear_regression_of_two_epochs_is_history() -> None:
    history = train(optax.sgd(0.1), linear_regression(([[1.0], [2.0]], [1.0, 2.0])), batch_size=1)
    assert str(history).startswith("GradientTransformationExtraArgs on arrays, linear regression, batch 1")
