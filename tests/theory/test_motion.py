"""An optimizer's linear rule today: its gains and its edge, against closed forms."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.frameworks.classify import reading_of
from polyak.theory.motion import motion


@pytest.fixture(scope="module")
def bridge() -> Any:
    return pk.model(
        lambda p, batch: ((batch * p["w"]) ** 2).mean(), {"w": jnp.ones(3)}, [jnp.ones((4, 3))]
    ).bridge


@pytest.fixture
def net() -> Any:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2).double()


def moved(net: Any, optimizer: Any) -> Any:
    batch = torch.ones(4, 3).double() * torch.tensor([1.0, 2.0, 0.5]), torch.zeros(4, 2).double()
    bridge = pk.model(net, torch.nn.MSELoss(), [batch]).bridge
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(batch[0]), batch[1]).backward()
        optimizer.step()
    return motion(reading_of(optimizer, bridge))


@pytest.mark.parametrize(
    ("rule", "gain", "edge"),
    [
        (pk.GradientDescent(lr=0.2), 0.2, 2.0),
        (pk.HeavyBall(lr=0.2, momentum=0.9), 2.0, 38.0),
        (pk.HeavyBall(lr=0.2, momentum=0.9, lr_in_velocity=False), 2.0, 38.0),
        (pk.Nesterov(lr=0.2, momentum=0.9), 2.0, 38.0 / 2.8),
        (pk.AveragedGradient(lr=0.2, momentum=0.9), 0.2, 38.0),
        (optax.sgd(0.2, momentum=0.9), 2.0, 38.0),
        (optax.sgd(0.2), 0.2, 2.0),
    ],
    ids=["gradient_descent", "heavy_ball", "lr_outside", "nesterov", "averaged", "optax", "optax_plain"],
)
def test_gain_and_edge_of_a_linear_rule(rule, gain, edge, bridge):
    found = motion(reading_of(rule, bridge))
    assert found.uniform == pytest.approx(gain, rel=1e-12)
    assert not found.preconditioned
    assert found.factor_of(1.0) == pytest.approx(edge, rel=1e-9)
    assert found.factor_of(2.0) == pytest.approx(edge / 2, rel=1e-9)
    assert found.factor_of(-1.0) == np.inf


def test_a_state_without_arrays_is_one(bridge):
    optimizer = optax.sgd(lambda count: 0.4 / (1 + count))
    state = optimizer.init({"w": jnp.ones(3)})
    for _ in range(2):
        _, state = optimizer.update({"w": jnp.ones(3)}, state)
    found = motion(reading_of(optimizer, bridge, state))
    assert found.uniform == pytest.approx(0.2, rel=1e-6)  # the last step's
    assert found.gains[0].shape == (3,)


def test_another_momentum_is_looked_at_on_the_same_curvatures(bridge):
    """Gain 2 at .9: on a = 2 lambda, with momentum .5 the edge is at lr lambda = 3, so at 3 / (.2 lambda) times."""
    found = motion(reading_of(pk.HeavyBall(lr=0.2, momentum=0.9), bridge))
    assert found.factor_of(1.0, momentum=0.5) == pytest.approx(3 / (0.2 * 0.5), rel=1e-9)
    assert found.settings["momentum"] == 0.9


def test_adam_in_mid_training_has_an_edge_of_38(net):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    found = moved(net, optimizer)
    state = [optimizer.state[p] for p in net.parameters()]
    s = np.concatenate([each["exp_avg_sq"].numpy().ravel() for each in state])
    D = (1 - 0.9**3) * (np.sqrt(s / (1 - 0.999**3)) + 1e-8)
    np.testing.assert_allclose(found.gains[0], 0.01 / D, rtol=1e-9)
    assert found.preconditioned
    assert found.factor_of(1.0) == pytest.approx(38.0, rel=1e-9)


def test_groups_of_several_learning_rates_and_decays_have_one_edge(net):
    groups = [
        {"params": [net.weight], "lr": 0.01, "weight_decay": 0.1},
        {"params": [net.bias], "lr": 0.03, "weight_decay": 0.0},
    ]
    found = moved(net, torch.optim.AdamW(groups))
    # The decay beside the step takes lr 0.1 = 0.001 off x: the edge is where a (1 - b)/(2 + 2 b) = 1 - 0.001 c / 2.
    assert found.factor_of(1.0) == pytest.approx(38 / (1 + 38 * 0.001 / 2), rel=1e-9)
    assert found.pulls == (0.0, 0.0)
    coupled = moved(net, torch.optim.SGD([{**each, "momentum": 0.9} for each in groups]))
    assert coupled.pulls == (0.1, 0.0)
    assert [float(g[0]) for g in coupled.gains] == pytest.approx([0.1, 0.3])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda net: torch.optim.SGD(
                [{"params": [net.weight], "momentum": 0.5}, {"params": [net.bias], "momentum": 0.9}], lr=0.1
            ),
            ["groups that differ in more than"],
        ),
        (
            lambda net: pk.to_torch(pk.Signum(lr=0.1, momentum=0.9))(net.parameters()),
            ["steps of a fixed length"],
        ),
    ],
    ids=["momenta", "sign"],
)
def test_what_has_no_one_edge_is_refused(make, words, net, refused):
    with refused(*words):
        moved(net, make(net))


@pytest.mark.parametrize(
    ("rule", "state", "words"),
    [
        (pk.Adam(lr=0.1), None, ["give its state="]),
        (pk.Adam(lr=0.1), pk.Adam(lr=0.1).init({"w": jnp.ones(3)}), ["has taken no step yet"]),
        (optax.adam(0.1), optax.adam(0.1).init({"w": jnp.ones(3)}), ["has taken no step yet"]),
    ],
    ids=["no_state", "no_step", "no_step_of_optax"],
)
def test_adam_before_a_step_is_refused(rule, state, words, bridge, refused):
    with refused(*words):
        motion(reading_of(rule, bridge, state))


def test_a_decay_of_optax_that_goes_through_the_slots_adds_to_the_curvature(bridge):
    optimizer = optax.chain(optax.add_decayed_weights(0.25), optax.sgd(0.2, momentum=0.9))
    found = motion(reading_of(optimizer, bridge))
    assert found.pulls == (0.25,)
    assert found.factor_of(1.0) == pytest.approx(38.0, rel=1e-6)
