"""Optimizers in mid-training, read off the object: against what the framework holds, and what it then steps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.frameworks.classify import reading_of
from polyak.frameworks.keras.stepper import on_jax, quiet

STEPS = 4


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(8, 3, generator=generator), torch.randn(8, 2, generator=generator)


@pytest.fixture
def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh(), torch.nn.Linear(2, 2)).double()


def trained(net: Any, optimizer: Any, data: Any, steps: int = STEPS) -> Any:
    X, Y = (each.double() for each in data)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(X), Y).backward()
        optimizer.step()
    return optimizer


def bridge_of(net: Any, data: Any) -> Any:
    return pk.model(net, torch.nn.MSELoss(), [tuple(each.double() for each in data)]).bridge


TORCH = {
    "SGD": {"lr": 0.1, "momentum": 0.9},
    "Adam": {"lr": 0.01, "betas": (0.8, 0.99)},
    "AdamW": {"lr": 0.01, "weight_decay": 0.3},
    "NAdam": {"lr": 0.01},
    "RMSprop": {"lr": 0.01, "centered": True, "momentum": 0.5},
    "Adagrad": {"lr": 0.01},
}


@pytest.mark.parametrize("name", TORCH)
def test_what_was_read_takes_the_step_that_torch_takes_next(name, net, data):
    """The rule with the state that was read, given the next gradient, moves the parameters as torch itself does."""
    optimizer = trained(net, getattr(torch.optim, name)(net.parameters(), **TORCH[name]), data)
    read = reading_of(optimizer, bridge_of(net, data))
    (part,) = read.parts
    assert part.arrays == (0, 1, 2, 3)
    assert part.lr == TORCH[name]["lr"]
    x = np.concatenate([p.detach().numpy().ravel() for p in net.parameters()])
    before = [p.detach().clone() for p in net.parameters()]
    trained(net, optimizer, data, 1)
    g = np.concatenate([p.grad.numpy().ravel() for p in net.parameters()])
    with torch.no_grad():
        moved = np.concatenate(
            [(p - old).numpy().ravel() for p, old in zip(net.parameters(), before, strict=True)]
        )
    updates, _ = part.rule.update(g + part.pull * x, part.state, x)
    np.testing.assert_allclose(updates, moved, rtol=1e-7)


def test_amsgrad_is_read_with_the_largest_of_its_squares(net, data):
    optimizer = trained(net, torch.optim.Adam(net.parameters(), 0.1, (0.9, 0.5), amsgrad=True), data, 20)
    (part,) = reading_of(optimizer, bridge_of(net, data)).parts
    largest = np.concatenate([optimizer.state[p]["max_exp_avg_sq"].numpy().ravel() for p in net.parameters()])
    np.testing.assert_array_equal(part.state.slots["squares"], largest)
    assert (
        largest > np.concatenate([optimizer.state[p]["exp_avg_sq"].numpy().ravel() for p in net.parameters()])
    ).any()


def test_groups_are_read_apart_and_a_coupled_decay_is_told(net, data):
    first, second = list(net.parameters())[:2], list(net.parameters())[2:]
    groups = [{"params": second, "lr": 0.5}, {"params": first, "weight_decay": 0.25}]
    read = reading_of(torch.optim.SGD(groups, lr=0.1), bridge_of(net, data))
    assert read.lrs == (0.5, 0.1)
    assert [(part.arrays, part.pull, part.entries) for part in read.parts] == [
        ((2, 3), 0.0, 6),
        ((0, 1), 0.25, 8),
    ]


def test_an_optimizer_of_to_torch_is_the_rule_in_it(net, data):
    optimizer = trained(net, pk.to_torch(pk.Adam(lr=0.02))(net.parameters()), data)
    optimizer.param_groups[0]["lr"] = 0.03  # a scheduler's
    (part,) = reading_of(optimizer, bridge_of(net, data)).parts
    assert part.rule.lr == part.lr == 0.03
    assert float(part.state.slots["t"]) == STEPS


def test_nothing_of_the_optimizer_is_changed(net, data):
    optimizer = trained(net, torch.optim.Adam(net.parameters()), data)
    before = [optimizer.state[p]["exp_avg_sq"].clone() for p in net.parameters()]
    (part,) = reading_of(optimizer, bridge_of(net, data)).parts
    part.state.slots["squares"][:] = 7.0
    for p, held in zip(net.parameters(), before, strict=True):
        assert torch.equal(optimizer.state[p]["exp_avg_sq"], held)


PARAMS = {"w": jnp.ones((3, 2)), "b": jnp.zeros(2)}


def plain_loss(params: Any, batch: Any) -> Any:
    return ((batch @ params["w"] + params["b"]) ** 2).mean()


@pytest.fixture(scope="module")
def jax_bridge() -> Any:
    return pk.model(plain_loss, PARAMS, [jnp.ones((4, 3))]).bridge


@pytest.mark.parametrize("optimizer", [optax.adam(0.1), pk.Adam(lr=0.1)], ids=["optax", "ours"])
def test_a_state_on_a_pytree_becomes_one_on_the_vector(optimizer, jax_bridge):
    grads = jax.tree.map(lambda x: jnp.arange(x.size, dtype=x.dtype).reshape(x.shape) + 1, PARAMS)
    _, state = optimizer.update(grads, optimizer.init(PARAMS), PARAMS)
    read = reading_of(optimizer, jax_bridge, state)
    assert read.steps == 1
    found = [leaf for leaf in jax.tree.leaves(read.parts[0].state) if np.shape(leaf) == (8,)]
    g = np.asarray(jax_bridge.vector(grads_by_name(grads, jax_bridge)))
    np.testing.assert_allclose(found[0], 0.1 * g, rtol=1e-6)
    np.testing.assert_allclose(found[1], 0.001 * g**2, rtol=1e-5)


def grads_by_name(grads: Any, bridge: Any) -> dict[str, Any]:
    return dict(zip(bridge.names, jax.tree.leaves(grads), strict=True))


class Own(torch.optim.SGD):
    """A user's own class."""


@pytest.mark.parametrize(
    ("optimizer", "state", "words"),
    [
        (lambda net: torch.optim.RAdam(net.parameters()), None, ["torch:RAdam has no equivalent"]),
        (lambda net: Own(net.parameters(), lr=0.1), None, ["Own of", "its rule is not known"]),
        (
            lambda net: torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1),
            None,
            ["are not the model's"],
        ),
        (lambda net: torch.optim.SGD(list(net.parameters())[:2], lr=0.1), None, ["does not hold"]),
        (lambda net: torch.optim.SGD(net.parameters(), lr=0.1, maximize=True), None, ["climbs"]),
        (lambda net: torch.optim.SGD(net.parameters(), lr=0.1), {}, ["holds its own state"]),
        (lambda net: torch.optim.SGD, None, ["the class SGD is no optimizer that can be read"]),
        (lambda net: 3, None, ["3 is no optimizer that can be read"]),
    ],
    ids=["no_rule", "own_class", "of_others", "of_some", "maximize", "state", "class", "number"],
)
def test_what_cannot_be_read_is_refused(optimizer, state, words, net, data, refused):
    with refused(*words):
        reading_of(optimizer(net), bridge_of(net, data), state)


@pytest.mark.parametrize(
    ("optimizer", "state", "words"),
    [
        (optax.adam(0.1), optax.adam(0.1).init({"q": jnp.ones(3)}), ["expected one of the same parameters"]),
        (optax.adam(0.1), {"q": jnp.ones(3)}, ["expected what its init or update returned"]),
        (pk.HeavyBall(lr=lambda k: 0.1, momentum=0.9), None, ["lr is a schedule"]),
    ],
    ids=["of_others", "no_state", "schedule"],
)
def test_a_state_of_something_else_is_refused(optimizer, state, words, jax_bridge, refused):
    with refused(*words):
        reading_of(optimizer, jax_bridge, state)


KERAS = {
    "SGD": {"learning_rate": 0.1},
    "Adam": {"learning_rate": 0.01, "amsgrad": True},
    "AdamW": {"learning_rate": 0.01, "weight_decay": 0.3},
    "Nadam": {"learning_rate": 0.01},
    "RMSprop": {"learning_rate": 0.01, "centered": True},
    "Adagrad": {"learning_rate": 0.01},
}


@pytest.mark.parametrize("name", KERAS)
def test_what_was_read_takes_the_step_that_keras_takes_next(name):
    keras = on_jax()
    x = keras.Variable(np.array([[0.3, -0.5], [1.0, 0.2]], np.float32))
    optimizer = getattr(keras.optimizers, name)(**KERAS[name])
    bridge = SimpleNamespace(framework="keras", names=("x",), shapes=((2, 2),), places=lambda variables: (0,))
    gradients = np.random.default_rng(0).normal(size=(4, 2, 2)).astype(np.float32) * [[[1.0], [0.1]]]
    with quiet():
        for g in gradients[:3]:
            optimizer.apply([g], [x])
        (part,) = reading_of(optimizer, bridge).parts
        before = np.asarray(x.value, np.float64).ravel()
        optimizer.apply([gradients[3]], [x])
        moved = np.asarray(x.value, np.float64).ravel() - before
    updates, _ = part.rule.update(gradients[3].ravel().astype(np.float64), part.state, before)
    np.testing.assert_allclose(updates, moved, atol=2e-6)


def test_keras_before_a_step_is_refused(refused):
    keras = on_jax()
    with refused("has taken no step yet"):
        reading_of(keras.optimizers.Adam(), SimpleNamespace(framework="keras"))
