"""Compiled Keras models on whichever backend is active, and what their bridges say of them, as plain numbers."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 6)
WEIGHTS = np.array([1, 0.5, 2, 1, 0, 1], np.float32)


def plain(array: Any) -> np.ndarray:
    return np.array(array.detach() if hasattr(array, "detach") else array)


def build(keras: Any, dropout: float = 0.0, regularizer: str | None = None) -> Any:
    """4-5-3 with batch norm, the same weights at every call."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, kernel_regularizer=regularizer),
            layers.BatchNormalization(),
            layers.Activation("tanh"),
            layers.Dropout(dropout, seed=3),
            layers.Dense(3),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    generator = np.random.default_rng(5)
    for variable in model.trainable_variables:
        variable.assign(generator.standard_normal(variable.shape).astype(np.float32))
    return model


def two_outputs(keras: Any) -> Any:
    first = keras.Input((4,))
    hidden = keras.layers.Dense(3, activation="tanh")(first)
    model = keras.Model(first, [keras.layers.Dense(2)(hidden), keras.layers.Dense(1)(hidden)])
    model.compile("sgd", ["mse", "mse"])
    return model


def state(model: Any) -> list[bytes]:
    """All variables, and how the loss is compiled."""
    values = [plain(v.value).tobytes() for v in model.variables]
    return [*values, str((model._compile_loss.built, len(model.variables), len(model.metrics))).encode()]


def said(keras: Any) -> dict[str, Any]:
    """Of each model what its bridge gives; and that it is as it was."""
    import polyak as pk

    targets = [np.ones((6, 2), np.float32), np.zeros((6, 1), np.float32)]
    cases = {
        "plain": (build(keras), (X, Y)),
        "weighted": (build(keras), (X, Y, WEIGHTS)),
        "dropout": (build(keras, dropout=0.3), (X, Y)),
        "penalty": (build(keras, regularizer="l2"), (X, Y)),
        "two outputs": (two_outputs(keras), (X, targets)),
    }
    found: dict[str, Any] = {}
    bridges: dict[str, Any] = {}
    for name, (model, batch) in cases.items():
        before = state(model)
        bridge = bridges[name] = pk.model(model, [batch]).bridge
        v = bridge.random(np.random.default_rng(0))
        with bridge.on(batch) as local:
            found[name] = {
                "loss": local.loss,
                "splits": local.splits,
                "gradient": plain(local.gradient()).tolist(),
            }
            if name not in ("two outputs", "weighted"):
                found[name] |= {key: plain(local.hessian(v)).tolist() for key in ("hessian", "again")}
            if name == "plain":
                found[name]["gauss_newton"] = plain(local.gauss_newton(v)).tolist()
            if name in ("plain", "two outputs"):
                found[name]["outputs"] = plain(local.outputs()).tolist()
        found[name]["same"] = state(model) == before
        found[name]["names"] = len(bridge.names)
        found[name]["trained"] = [plain(v.value).ravel().tolist() for v in model.trainable_variables]
    model = cases["plain"][0]
    model.fit(X, Y, epochs=1, verbose=0)  # which an optimizer is built by
    bridge = bridges["plain"]
    found["places"] = bridge.places(model.optimizer._trainable_variables)
    found["mode"] = bridge.mode
    return found


def trained(keras: Any) -> dict[str, Any]:
    """A training step by step beside Keras's own on the same rows; and one with dropout, alone and on a plane."""
    import pickle

    import polyak as pk
    from polyak.models.task import as_task

    model, own = build(keras), build(keras)
    of = pk.model(model, [(X[:3], Y[:3]), (X[3:], Y[3:])])
    before = state(model)
    history = pk.train("heavy_ball", of, epochs=2, seed=1, lr=0.1, momentum=0.9, measure="accuracy")
    losses = []
    for epoch in (0, 1):
        order = np.random.default_rng(np.random.SeedSequence(1, spawn_key=(1, epoch))).permutation(6)
        for rows in order.reshape(2, 3):
            own.train_on_batch(X[rows], Y[rows])
        losses.append(float(own.evaluate(X, Y, verbose=0)))
    whole = as_task(of).with_params({name: x[0] for name, x in history.params.items()})
    dropped = pk.model(build(keras, dropout=0.3), [(X, Y)])
    plane = pk.sweep("adam", on=dropped, epochs=2, seeds=[4], lr=[0.01, 0.1])
    alone = pk.train("adam", dropped, epochs=2, seeds=[4, 5], lr=0.1)
    sent = pickle.loads(pickle.dumps(as_task(of)))
    return {
        "ours": history.losses[0, 1:].tolist(),
        "theirs": losses,
        "accuracy": float(history.measures[0, -1]),
        "moving": [plain(m.layers[1].moving_mean.value).tolist() for m in (whole, own)],
        "same": state(model) == before,
        "plane": float(plane.final_loss.sel(lr=0.1, seed=4)),
        "alone": alone.final_losses.tolist(),
        "sent": pk.train("heavy_ball", sent, epochs=2, seed=1, lr=0.1, momentum=0.9).losses[0, 1:].tolist(),
    }


if __name__ == "__main__":
    import keras

    json.dump({**said(keras), "training": trained(keras)}, sys.stdout)
