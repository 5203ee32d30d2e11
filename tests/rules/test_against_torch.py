"""Step by step beside torch.optim: 200 steps in float64, the learning rate falling from 0.1 to 0.01 at step 100."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest
import torch

from polyak.rules import (
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    AveragedGradient,
    Dampening,
    GradientDescent,
    HeavyBall,
    NAdam,
    Nesterov,
    RMSProp,
    Rule,
)

STEPS, DROP = 200, 100
Optimizer = torch.optim.Optimizer


def lr(step: int) -> float:
    return 0.1 if step < DROP else 0.01


def from_zero(optimizer: Optimizer) -> None:
    """torch.optim.SGD takes its first gradient whole; from a buffer of zeros it dampens that one too."""
    for group in optimizer.param_groups:
        for x in group["params"]:
            optimizer.state[x]["momentum_buffer"] = torch.zeros_like(x)


def rescaled(optimizer: Optimizer, step: int) -> None:
    """Keep lr * velocity through the drop: PyTorch's velocity then stands for one that holds the lr."""
    if step == DROP:
        for state in optimizer.state.values():
            state["momentum_buffer"] *= lr(DROP - 1) / lr(DROP)


def eps_hat(optimizer: Optimizer, step: int) -> None:
    """eps before the bias correction is eps / sqrt(1 - beta2^t) after it."""
    for group in optimizer.param_groups:
        group["eps"] = 0.02 / (1 - group["betas"][1] ** (step + 1)) ** 0.5


class Peer(NamedTuple):
    """One of our rules, and the same thing in PyTorch's words."""

    ours: Rule
    optimizer: type[Optimizer]
    arguments: dict[str, Any]
    start: Callable[[Optimizer], None] = lambda optimizer: None
    before: Callable[[Optimizer, int], None] = lambda optimizer, step: None


SGD, EPS = torch.optim.SGD, 0.02
# At this lr RMSProp with a smaller eps jumps about its minimum for ever, and magnifies every rounding.
WIDE_EPS = 0.5
PEERS = {
    "gradient_descent": Peer(GradientDescent(lr), SGD, {}),
    "heavy_ball, lr outside": Peer(HeavyBall(lr, 0.9, lr_in_velocity=False), SGD, {"momentum": 0.9}),
    "heavy_ball, lr inside": Peer(HeavyBall(lr, 0.9), SGD, {"momentum": 0.9}, before=rescaled),
    "nesterov, lr outside": Peer(
        Nesterov(lr, 0.9, lr_in_velocity=False), SGD, {"momentum": 0.9, "nesterov": True}
    ),
    "nesterov, lr inside": Peer(Nesterov(lr, 0.9), SGD, {"momentum": 0.9, "nesterov": True}, before=rescaled),
    "averaged_gradient": Peer(AveragedGradient(lr, 0.9), SGD, {"momentum": 0.9, "dampening": 0.9}, from_zero),
    "dampening": Peer(Dampening(lr, 0.9, 0.3), SGD, {"momentum": 0.9, "dampening": 0.3}, from_zero),
    "dampening, first gradient whole": Peer(
        Dampening(lr, 0.9, 0.3, initial_velocity="first_gradient"), SGD, {"momentum": 0.9, "dampening": 0.3}
    ),
    "adagrad": Peer(
        Adagrad(lr, eps=EPS, initial_accumulator=0.3),
        torch.optim.Adagrad,
        {"eps": EPS, "initial_accumulator_value": 0.3},
    ),
    "rmsprop": Peer(RMSProp(lr, 0.95, WIDE_EPS), torch.optim.RMSprop, {"alpha": 0.95, "eps": WIDE_EPS}),
    "rmsprop, momentum": Peer(
        RMSProp(lr, 0.95, WIDE_EPS, momentum=0.7, lr_in_velocity=False),
        torch.optim.RMSprop,
        {"alpha": 0.95, "eps": WIDE_EPS, "momentum": 0.7},
    ),
    "rmsprop, lr inside": Peer(
        RMSProp(lr, 0.95, WIDE_EPS, momentum=0.7),
        torch.optim.RMSprop,
        {"alpha": 0.95, "eps": WIDE_EPS, "momentum": 0.7},
        before=rescaled,
    ),
    "rmsprop, centered": Peer(
        RMSProp(lr, 0.95, WIDE_EPS, momentum=0.7, lr_in_velocity=False, centered=True),
        torch.optim.RMSprop,
        {"alpha": 0.95, "eps": WIDE_EPS, "momentum": 0.7, "centered": True},
    ),
    # Adadelta's step is its own: lr 1 and 0.1 make it move.
    "adadelta": Peer(
        Adadelta(lambda step: 10 * lr(step), 0.9, EPS), torch.optim.Adadelta, {"rho": 0.9, "eps": EPS}
    ),
    "adam": Peer(Adam(lr, 0.9, 0.99, EPS), torch.optim.Adam, {"betas": (0.9, 0.99), "eps": EPS}),
    "adam, decay coupled": Peer(
        Adam(lr, 0.9, 0.99, EPS, weight_decay=0.3),
        torch.optim.Adam,
        {"betas": (0.9, 0.99), "eps": EPS, "weight_decay": 0.3},
    ),
    "adam, eps before the correction": Peer(
        Adam(lr, 0.9, 0.99, EPS, eps_position="before_correction"),
        torch.optim.Adam,
        {"betas": (0.9, 0.99)},
        before=eps_hat,
    ),
    "adamw": Peer(
        AdamW(lr, 0.9, 0.99, EPS, weight_decay=0.3),
        torch.optim.AdamW,
        {"betas": (0.9, 0.99), "eps": EPS, "weight_decay": 0.3},
    ),
    "nadam": Peer(
        NAdam(lr, 0.9, 0.99, EPS, momentum_decay=0.05),
        torch.optim.NAdam,
        {"betas": (0.9, 0.99), "eps": EPS, "momentum_decay": 0.05},
    ),
}


def torch_path(peer: Peer, problem: Any, flat: Any) -> np.ndarray:
    factor = peer.ours.lr(0) / lr(0)
    params = problem.on("torch")
    arrays = jax.tree.leaves(params)
    optimizer = peer.optimizer(arrays, lr=factor * lr(0), **peer.arguments)
    peer.start(optimizer)
    rows = [flat(params)]
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = factor * lr(step)
        peer.before(optimizer, step)
        for x, g in zip(arrays, jax.tree.leaves(problem.gradient(params)), strict=True):
            x.grad = g
        optimizer.step()
        rows.append(flat(params))
    return np.array(rows)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", PEERS)
def test_same_path_as_torch(
    name: str, problem: Any, walk: Any, flat: Any, assert_same_path: Callable[..., None]
) -> None:
    peer = PEERS[name]
    ours = walk(peer.ours, problem.on("numpy"), problem.gradient, STEPS)
    assert_same_path(ours, torch_path(peer, problem, flat))


@pytest.mark.parametrize("name", ["averaged_gradient", "dampening"])
def test_torch_skips_the_first_dampening(name: str, problem: Any, flat: Any) -> None:
    """Left to itself, torch.optim.SGD takes 1/(1-d) times our first step."""
    peer = PEERS[name]
    theirs = torch_path(peer._replace(start=lambda optimizer: None), problem, flat)
    x = problem.on("numpy")
    ours, _ = peer.ours.update(problem.gradient(x), peer.ours.init(x), x)
    first = (theirs[1] - theirs[0]) * (1 - peer.arguments["dampening"])
    np.testing.assert_allclose(flat(ours), first, rtol=0, atol=1e-14 * np.abs(theirs[0]).max())
