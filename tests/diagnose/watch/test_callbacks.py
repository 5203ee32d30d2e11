"""Watches as callbacks: Keras's own `fit`, and stand-ins for Lightning's and Hugging Face's trainers.

The stand-ins call every hook in the order of their trainers' documentation, with the arguments that these give: neither
package is installed here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import polyak as pk
import stages

LOSS = nn.CrossEntropyLoss()


class Lightning:
    """Lightning 2.x's Trainer in automatic optimization: the closure zeroes, forwards and goes backward."""

    def __init__(self, callbacks: list[Any], *, accumulate: int = 1) -> None:
        self.callbacks, self.accumulate, self.global_step = callbacks, accumulate, 0
        self.optimizers: list[torch.optim.Optimizer] = []

    def call(self, hook: str, *given: object) -> None:
        for each in self.callbacks:
            getattr(each, hook)(self, self.module, *given)  # as Lightning asks for each of them

    def fit(self, module: nn.Module, batches: list[Any]) -> None:
        self.module = module
        self.call("setup", "fit")
        self.optimizers = [torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)]
        for hook in ("on_fit_start", "on_sanity_check_start", "on_sanity_check_end", "on_train_start"):
            self.call(hook)
        self.call("on_train_epoch_start")
        for k, batch in enumerate(batches):
            self.call("on_train_batch_start", batch, k)
            if k % self.accumulate == 0:
                self.call("on_before_zero_grad", self.optimizers[0])
                self.optimizers[0].zero_grad()
            loss = LOSS(module(batch[0]), batch[1]) / self.accumulate
            self.call("on_before_backward", loss)
            loss.backward()
            self.call("on_after_backward")
            if (k + 1) % self.accumulate == 0:
                self.call("on_before_optimizer_step", self.optimizers[0])
                self.optimizers[0].step()
                self.global_step += 1
            self.call("on_train_batch_end", {"loss": loss.detach()}, batch, k)
        for hook in ("on_train_epoch_end", "on_train_end", "on_fit_end"):
            self.call(hook)
        self.call("teardown", "fit")
        assert [each.state_dict() for each in self.callbacks] == [{}] * len(self.callbacks)


class HuggingFace:
    """transformers' Trainer: the optimizer's step, on_optimizer_step, then the gradients are zeroed; no batch given."""

    def __init__(self, callbacks: list[Any]) -> None:
        self.callbacks = callbacks

    def call(self, event: str, **given: object) -> None:
        for each in self.callbacks:
            getattr(each, event)(object(), object(), object(), **given)

    def train(self, net: nn.Module, batches: list[Any]) -> None:
        inner = torch.optim.AdamW(net.parameters(), lr=1e-3)
        wrapped = SimpleNamespace(optimizer=inner)  # as Accelerate wraps it
        given = {"model": net, "optimizer": wrapped, "lr_scheduler": None, "train_dataloader": batches}
        self.call("on_init_end", **given)
        self.call("on_train_begin", **given)
        self.call("on_epoch_begin", **given)
        for batch in batches:
            self.call("on_step_begin", **given)
            LOSS(net(batch["x"]), batch["labels"]).backward()
            self.call("on_pre_optimizer_step", **given)
            inner.step()
            self.call("on_optimizer_step", **given)
            net.zero_grad()
            self.call("on_step_end", **given)
            self.call("on_log", logs={"loss": 1.0}, **given)
        self.call("on_epoch_end", **given)
        self.call("on_train_end", **given)


def batches(count: int) -> list[Any]:
    drawn = stages.drawn(32)
    return [next(drawn) for _ in range(count)]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_lightning(accumulate: int, tmp_path: Any) -> None:
    net, given = stages.perceptron(), batches(24)
    callback = pk.LightningWatch(
        pk.model(net, LOSS, given), every=4, store=tmp_path / "run.zarr", most_time=1
    )
    Lightning([callback], accumulate=accumulate).fit(net, given)
    seen = pk.Watched.open(tmp_path / "run.zarr")
    assert seen.last_step == 24 // accumulate
    assert np.isfinite(seen.steps["loss"]).all()
    assert np.isfinite(seen.reading("gradient_norm")).all()
    assert len(seen.reading("share")) >= 2
    assert [event.kind for event in seen.events] == ["began"]


def test_hugging_face() -> None:
    net, given = stages.perceptron(), [{"x": x, "labels": y} for x, y in batches(12)]
    model = pk.model(net, lambda net, batch: LOSS(net(batch["x"]), batch["labels"]), given)
    callback = pk.HuggingFaceWatch(model, every=4, most_time=1)
    HuggingFace([callback]).train(net, given)
    assert callback.watch is not None
    assert callback.watch.stopped
    seen = callback.watch.watched
    assert seen.last_step == 12
    assert len(seen.reading("share")) == 3  # of the model's own batches; the first one begins the vector
    assert len(seen.reading("gradient_norm")) == 4
    assert [event.kind for event in seen.events] == ["began"]


def test_what_a_callback_is_not_made_of(refused: Any) -> None:
    for each in (pk.LightningWatch, pk.HuggingFaceWatch, pk.KerasWatch):
        with refused("a callback of a Linear, expected pk.model"):
            each(nn.Linear(2, 1))  # type: ignore[arg-type]
    callback = pk.LightningWatch(pk.model(stages.perceptron(), LOSS, batches(1)))
    with pytest.raises(AttributeError, match="LightningWatch has no step_end"):
        callback.step_end  # noqa: B018


FIT = """
import json, sys
import numpy as np
import keras
import keras_models
import polyak as pk

x, y = np.tile(keras_models.X, (8, 1)), np.tile(keras_models.Y, 8)
ends = []
for watched in (False, True):
    keras.utils.set_random_seed(0)
    net = keras_models.build(keras, dropout=0.2)
    callbacks = []
    if watched:
        model = pk.model(net, [(x[k : k + 8], y[k : k + 8]) for k in range(0, 48, 8)])
        callbacks = [pk.KerasWatch(model, every=3, most_time=1)]
    net.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    ends.append([keras_models.plain(v.value) for v in net.variables])
seen = callbacks[0].watch.watched
print(json.dumps({
    "same": all(np.array_equal(a, b) for a, b in zip(*ends)),
    "steps": seen.last_step,
    "share": len(seen.reading("share")),
    "losses": int(np.isfinite(seen.steps["loss"]).sum()),
    "counted": seen.steps["optimizer_step"].tolist(),
    "velocity": len(seen.reading("velocity_norm")),
    "lr": seen.steps["lr"][0],
    "events": [event.kind + event.words for event in seen.events],
}))
"""


def fitted(backend: str) -> str:
    """What it says: on JAX here, where Keras is on it; on torch in a process of its own."""
    import contextlib
    import io
    import os
    import subprocess
    import sys
    import warnings
    from pathlib import Path

    from polyak.frameworks.keras.stepper import on_jax

    if backend == "jax":
        on_jax()
        said = io.StringIO()
        with contextlib.redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras's own
            exec(compile(FIT, "fit", "exec"), {"__name__": "fit"})
        return said.getvalue()
    paths = os.pathsep.join([str(Path(stages.__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", FIT],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_fits_as_it_would_unwatched(backend: str) -> None:
    import json

    said = json.loads(fitted(backend).splitlines()[-1])
    assert said["same"]
    assert said["steps"] == 12
    assert said["counted"] == [float(k) for k in range(1, 13)]
    assert said["losses"] == 10  # all but the last of each epoch
    assert said["share"] == 4
    assert said["velocity"] == 5
    assert said["lr"] == pytest.approx(0.1)
    assert len(said["events"]) == 1, said["events"]
