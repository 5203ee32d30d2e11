"""Trainings that go wrong in ways that no cause was written for, and what would be a right answer to each.

They were written from the words of what users report, before any cause was read; a name that is not among the right
ones is a defect. `None` is "none of the causes known here".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

import stages
from stages import Batch, Begin, Training


class Attention(nn.Module):
    """One head over the eight rows of an image; its logits are divided by a temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(8, 16) for _ in range(3))
        self.last, self.temperature = nn.Linear(16, 10), 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.view(-1, 8, 8)
        logits = self.query(rows) @ self.key(rows).transpose(1, 2) / 4 / self.temperature
        return self.last((logits.softmax(-1) @ self.value(rows)).mean(1))


def attention_logits(begin: Begin) -> Any:
    """The temperature is annealed by steps that were meant as epochs: the logits grow without an end."""
    torch.manual_seed(0)
    net = Attention()
    training = Training(begin, net, stages.sgd(net, 0.1), stages.drawn(64))
    for k in training.steps(300):
        net.temperature = 0.96 ** max(0, k - 120)
    return training.watched


def weight_decay_ramp(begin: Begin) -> Any:
    """A schedule of the weight decay that was meant in percent: it ends a hundred times too large."""
    net = stages.rectified()
    training = Training(begin, net, stages.sgd(net, 0.02), stages.drawn(64))
    for k in training.steps(300):
        training.optimizer.param_groups[0]["weight_decay"] = 1e-3 * 1.05 ** max(0, k - 120)
    return training.watched


def dead_from_the_start(begin: Begin) -> Any:
    """Biases that were begun at -3: most ReLUs are never on, and the loss stays where it began."""
    net = stages.rectified()
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, nn.Linear):
                layer.bias.fill_(-3.0)
    return Training(begin, net, stages.sgd(net, 0.05), stages.drawn(64)).run(200).watched


class NeverZeroed(Training):
    """A training whose gradients are added up from a step on, as where `zero_grad()` stands in a branch not taken."""

    def __init__(self, *given: Any, since: int, **more: Any) -> None:
        super().__init__(*given, **more)
        zeroed = self.optimizer.zero_grad

        def zero_grad(set_to_none: bool = True) -> None:
            if self.taken < since:
                zeroed(set_to_none)

        self.optimizer.zero_grad = zero_grad  # type: ignore[method-assign]


def never_zeroed(begin: Begin) -> Any:
    net = stages.rectified()
    training = NeverZeroed(begin, net, stages.sgd(net, 0.005), stages.drawn(64), since=120)
    return training.run(220).watched


def some_labels_wrong(begin: Begin) -> Any:
    """From step 120 on a second source is mixed in whose labels begin at 1 and not at 0."""
    net = stages.perceptron()
    training = Training(begin, net, stages.sgd(net, 0.05), stages.drawn(64))

    def mixed(batch: Batch) -> Batch:
        y = batch[1].clone()
        y[::2] = (y[::2] + 1) % 10
        return batch[0], y

    for k in training.steps(240):
        training.alter = mixed if k >= 120 else (lambda b: b)
    return training.watched


def lr_raised_between_readings(begin: Begin, times: float = 18) -> Any:
    """A schedule's second phase has its lr in another unit; it is over before the watch reads the curvature again."""
    net = stages.perceptron()
    training = Training(begin, net, stages.sgd(net, 0.05), stages.drawn(64), loss=stages.squared, every=50)
    for k in training.steps(200):
        training.lr(0.05 * (times if 110 <= k < 140 else 1))
    return training.watched


RIGHT: dict[str, tuple[Callable[[Begin], Any], tuple[str | None, ...]]] = {
    "attention logits that grow": (attention_logits, (None, "lr past the edge")),
    "a ramp of the weight decay": (weight_decay_ramp, (None,)),
    "ReLUs dead from the start": (dead_from_the_start, (None, "a layer stopped")),
    "gradients never zeroed": (never_zeroed, (None,)),
    "half of the labels off by one": (some_labels_wrong, (None,)),
    "lr raised 18 times between two readings": (lr_raised_between_readings, ("lr past the edge",)),
}
