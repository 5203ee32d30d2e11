"""Sound trainings of four models, and the same ones whose learning rate is raised until it is past the edge."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

import stages
from polyak.diagnose import Watch, Watched

STEPS, RAMP, MOST = 400, 100, 1.02  # of a sound one; where the lr begins to rise, and by how much a step
OF = 20  # steps of which the loss is the mean


@dataclass(frozen=True)
class Kind:
    """A model, its optimizer, its loss and its batches."""

    net: Callable[[int], nn.Module]
    optimizer: Callable[[nn.Module], torch.optim.Optimizer]
    size: int
    squared: bool
    images: bool = False


KINDS = {
    "tanh net, heavy ball, cross-entropy": Kind(stages.perceptron, partial(stages.sgd, lr=0.05), 64, False),
    "ReLU net, Nesterov, squared loss": Kind(
        stages.rectified, partial(stages.sgd, lr=0.02, nesterov=True), 32, True
    ),
    "conv net with batch norm and dropout, AdamW": Kind(
        stages.convolutional, lambda net: torch.optim.AdamW(net.parameters(), lr=2e-3), 64, False, True
    ),
    "tanh net, gradient descent, all rows": Kind(
        stages.perceptron, partial(stages.sgd, lr=0.1, momentum=0.0), 512, True
    ),
}


def trained(kind: Kind, seed: int, *, ramped: bool, every: int = 10) -> tuple[Watched, int | None]:
    """What was watched, and the step at which the loss, in the mean of some steps, was twice its lowest so far."""
    net = kind.net(seed)
    training = stages.Training(
        partial(Watch, most_time=1),
        net,
        kind.optimizer(net),
        stages.drawn(kind.size, seed, images=kind.images),
        loss=stages.squared if kind.squared else None,
        every=every,
    )
    lr = training.optimizer.param_groups[0]["lr"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in training.steps(STEPS if not ramped else 3 * STEPS):
            if ramped and k >= RAMP:
                training.lr(lr * MOST ** (k - RAMP))
                if k % 20 == 0 and doubled(training.watch.watched) is not None:
                    break
    seen = training.watched
    return seen, doubled(seen)


def doubled(seen: Watched) -> int | None:
    losses = seen.steps["loss"]
    if len(losses) < RAMP:
        return None
    finite = np.nan_to_num(losses, nan=1e30, posinf=1e30)
    means = np.convolve(finite, np.ones(OF) / OF, "valid")  # of fewer, batches' own noise doubles a low loss
    lowest = np.minimum.accumulate(means)
    over = np.flatnonzero((means >= 2 * lowest) & (np.arange(len(means)) > RAMP))
    return int(seen.steps["step"][over[0] + OF - 1]) if len(over) else None
