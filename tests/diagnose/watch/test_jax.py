"""A watch on JAX trainings: what each step hands over is read, with Optax's optimizers and with ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import polyak as pk
import stages

EVERY = 4


def loss(params: dict[str, jax.Array], batch: tuple[jax.Array, jax.Array]) -> jax.Array:
    x, y = batch
    outputs = jnp.tanh(x @ params["w"]) @ params["u"]
    return ((outputs - jax.nn.one_hot(y, 10)) ** 2).sum(1).mean() / 2


def data() -> tuple[jax.Array, jax.Array]:
    x, y = stages.digits(256)
    return jnp.asarray(x.numpy()), jnp.asarray(y.numpy())


def started() -> dict[str, jax.Array]:
    draw = np.random.default_rng(0)
    return {
        "w": jnp.asarray(draw.standard_normal((64, 8)) / 8, jnp.float32),
        "u": jnp.asarray(draw.standard_normal((8, 10)) / 3, jnp.float32),
    }


def trained(optimizer: Any, steps: int, watch: Any) -> tuple[Any, Any]:
    params, batch = started(), data()
    state = optimizer.init(params)

    @jax.jit
    def step(params: Any, state: Any) -> tuple[Any, Any]:
        updates, state = optimizer.update(jax.grad(loss)(params, batch), state, params)
        return optax.apply_updates(params, updates), state

    for _ in range(steps):
        params, state = step(params, state)
        watch.step(batch, params, state, loss=loss(params, batch))
    return params, state


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "ours": lambda: pk.HeavyBall(lr=0.05, momentum=0.8),
    "Optax's heavy ball": lambda: optax.sgd(0.05, momentum=0.8),
    "Optax's Adam, injected": lambda: optax.inject_hyperparams(optax.adam)(learning_rate=1e-3),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_its_share_is_that_of_the_edge_at_the_params_of_the_step(name: str) -> None:
    optimizer = OPTIMIZERS[name]()
    model = pk.model(loss, started(), [data()])
    watch = pk.watch(optimizer, model, every=EVERY, most_time=1)
    params, state = trained(optimizer, 41, watch)
    seen = watch.watched
    watch.close()
    there = pk.model(loss, params, [data()])
    found = pk.stability(optimizer, there, state=state, batch_size=256)
    assert seen.reading("share")[-1] == pytest.approx(1 / found.full_batch, rel=0.05)
    for each in ("velocity_norm", "update_norm", "own_gradient_norm"):
        assert len(seen.reading(each)) >= 10, each
    if name != "Optax's heavy ball":  # whose settings and steps do not show
        assert seen.steps["optimizer_step"].tolist() == list(range(1, 42))
        assert seen.steps["lr"][0] == pytest.approx(1e-3 if "Adam" in name else 0.05)
    assert "of the edge (full batch, batch 256)" in seen.verdict()


def test_what_was_not_handed_over_stops_the_watch_in_a_line() -> None:
    rule, start = pk.HeavyBall(lr=0.05, momentum=0.8), started()
    model = pk.model(loss, start, [data()])
    for given, words in (
        ((), "JAX holds no parameters, expected watch.step"),
        ((start,), "these params are those that pk.model was given"),
        (({"w": start["w"]},), "are they another model's"),
    ):
        watch = pk.watch(rule, model)
        with pytest.warns(UserWarning, match=words):
            watch.step(data(), *given)
        assert watch.stopped


def test_two_watches_on_one_rule_are_two_trainings() -> None:
    """A rule holds nothing: it may train two models at a time."""
    rule = pk.HeavyBall(lr=0.05, momentum=0.8)
    watches = [pk.watch(rule, pk.model(loss, started(), [data()])) for _ in range(2)]
    for each in watches:
        each.close()


def test_torch_s_optimizer_on_a_jax_model_is_refused(refused: Any) -> None:
    net = stages.perceptron()
    with refused("a watch of a SGD on a jax model, expected a rule or an Optax optimizer"):
        pk.watch(stages.sgd(net, 0.1), pk.model(loss, started(), [data()]))
