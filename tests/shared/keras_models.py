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


if __name__ == "__main__":
    import keras

    json.dump(said(keras), sys.stdout)
