"""Compiled Keras models, on JAX in this process and on torch in another: the same numbers, and nothing changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import keras_models
import polyak as pk
from keras_models import X, Y, plain
from patience import PATIENCE
from polyak.frameworks.keras.stepper import on_jax

AGREE = 1e-5


@pytest.fixture(scope="module")
def keras() -> Any:
    return on_jax()


@pytest.fixture(scope="module")
def here(keras: Any) -> dict[str, Any]:
    return keras_models.said(keras)


@pytest.fixture(scope="module")
def on_torch() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(Path(keras_models.__file__))],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
        env={**os.environ, "KERAS_BACKEND": "torch"},
    )
    return json.loads(done.stdout)


def by_hand(trained: list[list[float]]) -> Any:
    """The plain model's loss, written out, of its parameters as one vector."""
    shapes = [(4, 5), (5,), (5,), (5,), (5, 3), (3,)]
    ends = np.cumsum([np.prod(shape) for shape in shapes])

    def loss(flat: Any) -> Any:
        parts = jnp.split(flat, ends[:-1])
        w, b, gamma, beta, last, bias = (p.reshape(s) for p, s in zip(parts, shapes))
        h = X @ w + b
        h = jnp.tanh(gamma * (h - h.mean(0)) / jnp.sqrt(h.var(0) + 1e-3) + beta)
        logarithms = jax.nn.log_softmax(h @ last + bias)
        return -logarithms[np.arange(6), Y].mean()

    return loss, jnp.asarray(np.concatenate([np.asarray(x, np.float32) for x in trained]))


def test_on_jax_it_is_what_the_formula_says(here: dict[str, Any]) -> None:
    loss, flat = by_hand(here["plain"]["trained"])
    v = np.random.default_rng(0).standard_normal(flat.size, dtype=np.float32)
    (value, gradient), (_, product) = jax.jit(lambda: jax.jvp(jax.value_and_grad(loss), (flat,), (v,)))()
    assert here["plain"]["loss"] == pytest.approx(float(value), rel=AGREE)
    for name, expected in (("gradient", gradient), ("hessian", product)):
        np.testing.assert_allclose(here["plain"][name], expected, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("what", ["plain", "weighted", "penalty"])
def test_the_backends_agree(here: dict[str, Any], on_torch: dict[str, Any], what: str) -> None:
    ours, theirs = here[what], on_torch[what]
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=AGREE)
    assert ours["splits"] == theirs["splits"] == (what != "penalty")
    for name in ours.keys() & {"gradient", "hessian", "gauss_newton", "outputs"}:
        expected = np.asarray(theirs[name])
        np.testing.assert_allclose(ours[name], expected, atol=2e-5 * np.abs(expected).max())


def test_nothing_of_them_changes(here: dict[str, Any], on_torch: dict[str, Any]) -> None:
    for said in (here, on_torch):
        for what in ("plain", "weighted", "dropout", "penalty", "two outputs"):
            assert said[what]["same"], what
            assert said[what].get("again") == said[what].get("hessian"), what  # dropout's mask is one
        assert list(said["places"]) == [*range(6)]
        assert said["mode"] == "train mode"
        assert said["two outputs"]["splits"]
        assert np.shape(said["two outputs"]["outputs"]) == (6, 3)
        assert said["dropout"]["loss"] != pytest.approx(said["plain"]["loss"], rel=1e-3)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_training_step_by_step(keras: Any, on_torch: dict[str, Any], backend: str) -> None:
    """Beside Keras's own steps: batch norm moves its statistics, dropout is drawn by the seed, and nothing is the
    user's that changes.
    """
    found = keras_models.trained(keras) if backend == "jax" else on_torch["training"]
    np.testing.assert_allclose(found["ours"], found["theirs"], rtol=2e-5)
    np.testing.assert_allclose(*found["moving"], rtol=1e-4, atol=1e-6)
    assert found["ours"] == found["sent"]
    assert found["same"]
    assert found["accuracy"] in np.arange(7, dtype=np.float32) / np.float32(6)
    assert found["plane"] == found["alone"][0] != found["alone"][1]


def test_what_is_not_compiled_is_refused(keras: Any, refused: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with refused("has no loss", "model.compile(optimizer, loss)"):
        pk.model(model, [(X, Y)])
    model.compile("sgd", keras.losses.MeanSquaredError(reduction="sum"))
    with refused("sums over the rows"):
        pk.model(model, [(X, Y)])
    model.compile("sgd", "mse")
    with refused("its loss compiled in", "pk.model(keras_model, batches)"):
        pk.model(model, "mse", [(X, Y)])
    with refused("expected (x, y)"):
        pk.model(model, [X])
    with refused("the loss fails"):
        pk.model(model, [(X[:, :2], np.zeros((6, 3), np.float32))])
    unbuilt = keras.Sequential([keras.layers.Dense(3)])
    unbuilt.compile("sgd", "mse")
    with refused("has no variables yet", "build"):
        pk.model(unbuilt, [(X, Y)])
    model.trainable = False
    with refused("no trainable variable"):
        pk.model(model, [(X, Y)])


def test_what_a_subclass_makes_of_its_loss(keras: Any, refused: Any) -> None:
    class Penalised(keras.Sequential):
        def compute_loss(self, **arguments: Any) -> Any:
            return super().compute_loss(**arguments) + 3 * keras.ops.sum(self.layers[0].kernel ** 2)

    class Stepping(keras.Sequential):
        def train_step(self, *arguments: Any) -> Any:
            return super().train_step(*arguments)

    models = [kind([keras.Input((4,)), keras.layers.Dense(3)]) for kind in (Penalised, Stepping)]
    for model in models:
        model.compile("sgd", "mse")
    targets = np.zeros((6, 3), np.float32)
    bridge = pk.model(models[0], [(X, targets)]).bridge
    with bridge.on(bridge.first) as local:
        kernel = plain(models[0].layers[0].kernel.value)
        by_hand = 2 / targets.size * X.T @ (X @ kernel) + 6 * kernel
        found = np.array(local.gradient())[: kernel.size].reshape(kernel.shape)
        np.testing.assert_allclose(found, by_hand, rtol=1e-4, atol=1e-5)
        assert not local.splits
    with refused("Stepping has a train_step of its own"):
        pk.model(models[1], [(X, targets)])


def test_an_optimizer_of_another_model(keras: Any, refused: Any) -> None:
    model, other = (keras_models.build(keras) for _ in range(2))
    bridge = pk.model(model, [(X, Y)]).bridge
    with refused("6 of the optimizer's 6 arrays are not the model's", "sequential"):
        bridge.places(other.trainable_variables)
    with refused("does not hold", "dense"):
        bridge.places(model.trainable_variables[1:])


def test_a_dataset_of_keras_s_own(keras: Any) -> None:
    class Halves(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, k: int) -> Any:
            return X[3 * k : 3 * k + 3], Y[3 * k : 3 * k + 3]

    bridge = pk.model(keras_models.build(keras), Halves()).bridge
    for _ in range(2):
        assert [bridge.rows(batch) for batch in bridge.batches()] == [3, 3]
