"""Exported rules beside torch's own optimizers, step for step in float64, the lr divided by ten by StepLR."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import polyak as pk
import polyak.torch
from polyak.frameworks.torch.export import to_torch
from polyak.rules import CoupledDecay, DecoupledDecay

SGD = torch.optim.SGD


class Peer(NamedTuple):
    ours: Any
    theirs: Any


def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + p.grad
        p[:] -= hyperparams["lr"] * v


def adam(params, states, hyperparams):
    t = hyperparams["t"]
    for p, (m, s) in zip(params, states):
        m[:] = 0.9 * m + 0.1 * p.grad
        s[:] = 0.99 * s + 0.01 * p.grad**2
        p[:] -= hyperparams["lr"] * (m / (1 - 0.9**t)) / ((s / (1 - 0.99**t)) ** 0.5 + 1e-3)
    hyperparams["t"] += 1


def exported(rule: Any, **options: Any) -> Any:
    return to_torch(rule, **options)


def torchs(cls: Any, **settings: Any) -> Any:
    return functools.partial(cls, **settings)


PEERS = {
    "gradient descent": Peer(exported(pk.GradientDescent(0.05)), torchs(SGD, lr=0.05)),
    "heavy ball": Peer(
        exported(pk.HeavyBall(0.02, 0.9, lr_in_velocity=False)), torchs(SGD, lr=0.02, momentum=0.9)
    ),
    "nesterov": Peer(
        exported(pk.Nesterov(0.02, 0.9, lr_in_velocity=False)),
        torchs(SGD, lr=0.02, momentum=0.9, nesterov=True),
    ),
    "coupled decay": Peer(
        exported(CoupledDecay(pk.Nesterov(0.02, 0.9, lr_in_velocity=False), 0.3)),
        torchs(SGD, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.3),
    ),
    "polyak.torch.SGD": Peer(
        functools.partial(
            polyak.torch.SGD, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.3, lr_in_velocity=False
        ),
        torchs(SGD, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.3),
    ),
    "dampening": Peer(
        exported(pk.Dampening(0.02, 0.9, 0.4, initial_velocity="first_gradient")),
        torchs(SGD, lr=0.02, momentum=0.9, dampening=0.4),
    ),
    "adagrad": Peer(exported(pk.Adagrad(0.1, eps=0.02)), torchs(torch.optim.Adagrad, lr=0.1, eps=0.02)),
    "rmsprop": Peer(
        exported(pk.RMSProp(0.02, 0.95, 0.1, momentum=0.7, lr_in_velocity=False, centered=True)),
        torchs(torch.optim.RMSprop, lr=0.02, alpha=0.95, eps=0.1, momentum=0.7, centered=True),
    ),
    "adadelta": Peer(exported(pk.Adadelta(1.0, 0.9, 0.02)), torchs(torch.optim.Adadelta, rho=0.9, eps=0.02)),
    "adam": Peer(
        exported(pk.Adam(0.05, 0.9, 0.99, 0.02, weight_decay=0.3)),
        torchs(torch.optim.Adam, lr=0.05, betas=(0.9, 0.99), eps=0.02, weight_decay=0.3),
    ),
    "adamw": Peer(
        exported(pk.AdamW(0.05, 0.9, 0.99, 0.02, weight_decay=0.3)),
        torchs(torch.optim.AdamW, lr=0.05, betas=(0.9, 0.99), eps=0.02, weight_decay=0.3),
    ),
    "nadam": Peer(
        exported(pk.NAdam(0.05, 0.9, 0.99, 0.02)),
        torchs(torch.optim.NAdam, lr=0.05, betas=(0.9, 0.99), eps=0.02),
    ),
    "a page's function": Peer(
        exported(pk.from_page(sgd_momentum, lr=0.02, momentum=0.9)), torchs(SGD, lr=0.02, momentum=0.9)
    ),
    "a page's adam, which counts its steps": Peer(
        exported(pk.from_page(adam, lr=0.05, t=1)),
        torchs(torch.optim.Adam, lr=0.05, betas=(0.9, 0.99), eps=1e-3),
    ),
}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", PEERS)
def test_same_path_as_torch(name: str, walk: Any, assert_same: Any) -> None:
    assert_same(walk(PEERS[name].ours), walk(PEERS[name].theirs))


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_velocity_that_holds_the_lr_parts_from_torch_at_the_drop_and_not_before(
    nesterov: bool, walk: Any, assert_same: Any
) -> None:
    inside = walk(functools.partial(polyak.torch.SGD, lr=0.02, momentum=0.9, nesterov=nesterov))
    outside = walk(torchs(SGD, lr=0.02, momentum=0.9, nesterov=nesterov))
    assert_same(inside[:61], outside[:61])
    assert np.abs(inside[62:] - outside[62:]).max() > 1e-3

    def rescaled(step: int, problem: Any, optimizer: Any) -> Any:
        if step == 60:
            for state in optimizer.state.values():
                state["momentum_buffer"] *= 10
        return optimizer

    remedied = walk(torchs(SGD, lr=0.02, momentum=0.9, nesterov=nesterov), before=rescaled)
    assert_same(inside, remedied)


def test_decoupled_decay_beside_the_step(problem: Any, walk: Any, assert_same: Any) -> None:
    """x <- x - lr v - decay x, written out."""
    velocities, rows = [torch.zeros_like(x) for x in problem.params], [problem.flat()]
    for _ in range(120):
        for x in problem.params:
            x.grad = None
        problem.backward()
        with torch.no_grad():
            for x, v in zip(problem.params, velocities):
                v.copy_(0.9 * v + x.grad)
                x.sub_(0.02 * v + 0.01 * x)
        rows.append(problem.flat())
    rule = DecoupledDecay(pk.HeavyBall(0.02, 0.9, lr_in_velocity=False), 0.01)
    assert_same(walk(exported(rule), drop=False), np.array(rows))
