"""What is no model, no loss or no batch is refused in one line that says so."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import polyak as pk
from polyak.frameworks import FRAMEWORKS

X, Y = np.ones((4, 2), np.float32), np.zeros((4, 3), np.float32)
BATCH = torch.from_numpy(X), torch.from_numpy(Y)
W = {"w": np.ones((2, 3), np.float32)}


def squared(params: Any, batch: Any) -> Any:
    return ((batch[0] @ params["w"] - batch[1]) ** 2).mean()


class Frozen(nn.Linear):
    def __init__(self) -> None:
        super().__init__(2, 3)
        self.requires_grad_(False)


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(2, 3), nn.Linear(2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.one(x)


def times(factor: float) -> Any:
    return lambda net, batch: factor * net(batch[0]).sum()


class FSDPModule(nn.Linear):
    """By its name, as torch calls what it shards."""


class Writing(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.weight.clamp_(-1, 1)
        return super().forward(x)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch.jit is on its way out
    Scripted = torch.jit.script(nn.Linear(2, 3))

TORCH: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "nan": (nn.Linear(2, 3), times(float("nan")), ("first batch is nan", "finite")),
    "infinite": (nn.Linear(2, 3), times(float("inf")), ("finite",)),
    "no scalar": (nn.Linear(2, 3), nn.MSELoss(reduction="none"), ("shape (4, 3)", "one number")),
    "a sum": (nn.Linear(2, 3), nn.MSELoss(reduction="sum"), ("sums over the rows", "mean")),
    "no tensor": (nn.Linear(2, 3), lambda net, batch: net(batch[0]).mean().item(), ("is a float", "tensor")),
    "detached": (nn.Linear(2, 3), lambda net, batch: net(batch[0]).mean().detach(), ("no gradient",)),
    "untouched": (TwoHeads(), nn.MSELoss(), ("does not depend on other.weight, other.bias", "freeze")),
    "frozen": (Frozen(), nn.MSELoss(), ("no trained parameter", "requires_grad")),
    "lazy": (nn.LazyLinear(3), nn.MSELoss(), ("weight has no shape yet",)),
    "complex": (nn.Linear(2, 3, dtype=torch.complex64), nn.MSELoss(), ("complex", "real")),
    "writing": (Writing(2, 3), nn.MSELoss(), ("writes into parameters",)),
    "scripted": (torch.nn.Sequential(Scripted), nn.MSELoss(), ("scripted", "as it was written")),
    "sharded": (FSDPModule(2, 3), nn.MSELoss(), ("sharded over processes",)),
    "no loss": (nn.Linear(2, 3), "mse", ("loss is a str", "criterion")),
    "it fails": (nn.Linear(5, 3), nn.MSELoss(), ("the loss fails", "RuntimeError", "mat1 and mat2")),
    "not twice": (nn.Linear(2, 3), lambda z, y: Once.apply(z).mean(), ("double backward",)),
    "trained loss": (nn.Linear(2, 3), nn.Linear(3, 1), ("parameters of its own, weight, bias",)),
}


class Once(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(x)
        return x**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, g: torch.Tensor) -> torch.Tensor:
        return 2 * g * context.saved_tensors[0]


@pytest.mark.parametrize("what", [name for name in TORCH if name != "not twice"])
def test_a_torch_model(what: str, refused: Any) -> None:
    net, loss, words = TORCH[what]
    with refused(*words):
        pk.model(net, loss, [BATCH])


def test_what_differentiates_once_has_a_gradient_and_no_product(refused: Any) -> None:
    net, loss, _ = TORCH["not twice"]
    bridge = pk.model(net, loss, [BATCH]).bridge
    with bridge.on(BATCH) as local:
        assert local.gradient().any()
        with refused("a product with the Hessian", "Once", "once_differentiable"):
            local.hessian(bridge.random(np.random.default_rng(0)))


def test_a_loss_that_changes(refused: Any) -> None:
    calls = iter(range(9))
    with refused("changes between two calls on one batch", "dropout", "data"):
        pk.model(nn.Linear(2, 3), lambda net, batch: net(batch[0]).mean() + next(calls), [BATCH])


JAX: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "nan": (lambda p, b: squared(p, b) * jnp.nan, W, ("first batch is nan",)),
    "no scalar": (lambda p, b: b[0] @ p["w"], W, ("shape (4, 3)", "one number")),
    "with aux": (lambda p, b: (squared(p, b), {}), W, ("a tuple of 2", "has_aux")),
    "a plain number": (lambda p, b: 1.0, W, ("no gradient",)),
    "whole numbers": (lambda p, b: jnp.asarray(3), W, ("no gradient", "int32")),
    "untouched": (squared, {**W, "b": np.ones(3)}, ("does not depend on ['b']",)),
    "no arrays": (squared, {"w": None}, ("a dict without an array", "pytree")),
    "a torch module": (squared, nn.Linear(2, 3), ("pk.model(net, loss, batches)",)),
    "complex": (squared, {"w": W["w"] + 0j, "v": np.ones(2)}, ("complex",)),
    "it fails": (lambda p, b: p["q"], W, ("the loss fails", "KeyError")),
}


@pytest.mark.parametrize("what", JAX)
def test_a_jax_model(what: str, refused: Any) -> None:
    loss, params, words = JAX[what]
    with refused(*words):
        pk.model(loss, params, [(X, Y)])


@pytest.mark.parametrize(
    ("batches", "words"),
    [
        ([], ("empty", "drop_last")),
        (iter([]), ("empty",)),
        ({"x": X}, ("a dict", "list")),
        ("abc", ("a str", "iterable")),
        (3, ("an int", "iterable")),
        (X, ("one array of shape (4, 2)", "list")),
        ((X, Y), ("a tuple of 2 arrays", "list")),
        ([(X, Y[:3])], ("(4, 2), (3, 3)", "rows=")),
        ([()], ("none", "rows=")),
    ],
)
def test_batches(batches: Any, words: tuple[str, ...], refused: Any) -> None:
    with refused(*words):
        pk.model(squared, W, batches)


@pytest.mark.parametrize("batch", [BATCH[0], {"x": BATCH[0]}, (*BATCH, BATCH[0])])
def test_a_batch_that_no_criterion_takes(batch: Any, refused: Any) -> None:
    with refused("expected (inputs, targets)", "loss(net, batch)"):
        pk.model(nn.Linear(2, 3), nn.MSELoss(), [batch])


def test_batches_that_are_read_once(refused: Any) -> None:
    def stream() -> Iterator[Any]:
        yield X, Y
        yield 2 * X, Y

    bridge = pk.model(squared, W, stream()).bridge
    assert [float(x[0, 0]) for x, _ in bridge.batches()] == [1, 2]  # the one seen at the door too
    with refused("generator", "can be read once", "list"):
        list(bridge.batches())


def test_rows_that_the_user_counts(refused: Any) -> None:
    batches = [(X, Y, np.ones(7))]
    assert pk.model(squared, W, batches, rows=lambda batch: len(batch[0])).rows == 4
    with refused("rows(batch) is 0"):
        pk.model(squared, W, batches, rows=lambda batch: 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((nn.Linear(2, 3),), ("without batches", "pk.model(net, loss, batches)")),
        ((nn.Linear(2, 3), [BATCH]), ("0 arguments before the batches", "its loss")),
        ((squared, [(X, Y)]), ("0 arguments before the batches", "the params")),
        ((nn.MSELoss(), nn.Linear(2, 3), [BATCH]), ("the loss comes first", "pk.model(net, loss, loader)")),
        (("a name", [BATCH]), ("str 'a name' is no model", "keras_model")),
        ((None, W, [BATCH]), ("NoneType is no model",)),
    ],
)
def test_what_is_no_model(arguments: tuple[Any, ...], words: tuple[str, ...], refused: Any) -> None:
    with refused(*words):
        pk.model(*arguments)


def test_a_layer_that_was_frozen_since(refused: Any) -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3))
    bridge = pk.model(net, nn.MSELoss(), [BATCH]).bridge
    net[0].requires_grad_(False)
    with refused("of Sequential are others", "frozen"), bridge.on(BATCH):
        raise AssertionError


def test_forward_is_of_jax(refused: Any) -> None:
    with refused("forward= is of JAX's losses"):
        pk.model(nn.Linear(2, 3), nn.MSELoss(), [BATCH], forward=lambda p, b: b)


def test_a_framework_that_is_not_installed(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch_here = FRAMEWORKS["torch"]
    monkeypatch.setattr(type(torch_here), "installed", property(lambda _: False))
    with refused("Linear needs torch, which is not installed: pip install 'polyak[torch]'"):
        pk.model(nn.Linear(2, 3), nn.MSELoss(), [BATCH])
    with refused("models of scikit-learn are not read", "PyTorch"):
        FRAMEWORKS["sklearn"].bridges("MLPClassifier")


def test_tensorflow(refused: Any) -> None:
    kind = type("Model", (), {"__module__": "tensorflow.keras"})
    with refused("Model is of TensorFlow", "JAX"):
        pk.model(kind(), [BATCH])


def test_keras_on_another_backend(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = type("Model", (), {"__module__": "keras.src.models"})
    config = SimpleNamespace(backend=lambda: "tensorflow")
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(Model=kind, config=config, __spec__=True))
    with refused("on its tensorflow backend", "jax or torch", "KERAS_BACKEND"):
        pk.model(kind(), [BATCH])


def test_an_optimizer_of_other_parameters(refused: Any) -> None:
    net = TwoHeads()
    net.other.bias.requires_grad_(False)

    def loss(net: Any, batch: Any) -> Any:
        return (net.one(batch[0]) * net.other(batch[0])).mean()

    bridge = pk.model(net, loss, [BATCH]).bridge
    assert bridge.places(list(net.parameters())) == (0, 1, 2, None)
    assert bridge.places([net.other.weight, net.one.bias, net.one.weight]) == (2, 1, 0)
    with refused("1 of the optimizer's 5 arrays are not the model's"):
        bridge.places([*net.parameters(), nn.Parameter(torch.ones(1))])
    with refused("does not hold one.bias, other.weight", "frozen"):
        bridge.places([net.one.weight])
    own = pk.model(squared, W, [(X, Y)]).bridge
    assert own.places([W["w"]]) == (0,)
    with refused("1 of the optimizer's 1 arrays are not the model's"):
        own.places([W["w"].copy()])
