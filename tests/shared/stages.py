"""Trainings that go wrong, each in one known way, and trainings that do not: small torch nets, watched as a user's are.

A stage is a function of `begin`, which opens the watch, so that tests and the benchmark run the very same trainings.
Each returns what was watched; what is wrong in it is in its own lines alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import polyak as pk

Batch = tuple[torch.Tensor, torch.Tensor]
Begin = Callable[..., Any]
EVERY = 10


@cache
def digits(rows: int = 512) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = load_digits(return_X_y=True)
    return torch.tensor(x[:rows] / 16, dtype=torch.float32), torch.tensor(y[:rows])


def drawn(size: int, seed: int = 0, *, rows: int = 512, images: bool = False) -> Iterator[Batch]:
    """Batches without an end, shuffled anew in each epoch; the last of an epoch is dropped where it is smaller."""
    x, y = digits(rows)
    x = x.view(-1, 1, 8, 8) if images else x
    draw = np.random.default_rng(seed)
    while True:
        order = torch.as_tensor(draw.permutation(rows))
        for k in range(0, rows - size + 1, size):
            some = order[k : k + size]
            yield x[some], y[some]


def squared(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return ((outputs - nn.functional.one_hot(labels, 10)) ** 2).sum(-1).mean() / 2


def perceptron(seed: int = 0, *, wide: int = 32) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, wide), nn.Tanh(), nn.Linear(wide, 10))


def rectified(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))


def convolutional(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(72, 10),
    )


class Training:
    """A training loop as a user writes one, with a place to break it at each step.

    `steps(n)` gives the number of each step before it is taken; what is changed there is what the step meets.
    """

    def __init__(
        self,
        begin: Begin,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        batches: Iterator[Batch],
        *,
        loss: Callable[..., torch.Tensor] | None = None,
        clip: float | None = None,
        tell: bool = True,
        every: int = EVERY,
        **watched: Any,
    ) -> None:
        self.net, self.optimizer, self.batches = net, optimizer, batches
        self.criterion = loss or nn.CrossEntropyLoss()
        self.clip, self.tell, self.begin = clip, tell, begin
        first = next(batches)
        self.batches = itertools.chain([first], batches)
        rows = watched.pop("rows", 512)
        several = [first] * max(
            1, rows // len(first[1])
        )  # as many rows as the data have; only the first is read
        self.model = pk.model(net, self.criterion, several)
        self.opening = {"every": every, **watched}
        self.watch = begin(optimizer, self.model, **self.opening)
        self.taken = 0
        self.alter: Callable[[Batch], Batch] = lambda batch: batch

    def step(self) -> None:
        batch = self.alter(next(self.batches))
        self.optimizer.zero_grad()
        loss = self.criterion(self.net(batch[0]), batch[1])
        loss.backward()
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.clip)
        self.optimizer.step()
        self.watch.step(batch, **({"loss": loss.item()} if self.tell else {}))
        self.taken += 1

    def steps(self, n: int) -> Iterator[int]:
        for k in range(n):
            yield k
            self.step()

    def run(self, n: int) -> Training:
        for _ in self.steps(n):
            pass
        return self

    def lr(self, lr: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def resumed(self, optimizer: torch.optim.Optimizer) -> None:
        """As a new process does: another optimizer of the same parameters, and the watch opened on it again."""
        self.watch.close()
        self.optimizer = optimizer
        self.watch = self.begin(optimizer, self.model, **self.opening, before=self.watch.watched)

    @property
    def watched(self) -> Any:
        self.watch.close()
        return self.watch.watched


def sgd(net: nn.Module, lr: float, momentum: float = 0.9, **more: Any) -> torch.optim.SGD:
    return torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum, **more)


def past_the_edge(begin: Begin) -> Any:
    """Full batch, squared loss: the lr is raised slowly until the edge is behind it."""
    net = perceptron()
    training = Training(begin, net, sgd(net, 0.05), drawn(512), loss=squared, rows=512)
    for k in training.steps(220):
        training.lr(0.05 * 1.02 ** max(0, k - 60))
    return training.watched


def past_the_edge_in_batches(begin: Begin) -> Any:
    net = perceptron()
    training = Training(begin, net, sgd(net, 0.02, 0.5), drawn(64), loss=squared, rows=512)
    for k in training.steps(260):
        training.lr(0.02 * 1.03 ** max(0, k - 80))
    return training.watched


def too_much_momentum(begin: Begin) -> Any:
    """Batches of 4: what momentum 0.5 bears at this lr, 0.99 does not, far below the full batch's edge."""
    net = perceptron()
    training = Training(begin, net, sgd(net, 0.03, 0.5), drawn(4), loss=squared, rows=512)
    for k in training.steps(500):
        if k == 200:
            training.optimizer.param_groups[0]["momentum"] = 0.99
    return training.watched


def dropped_inside_the_velocity(begin: Begin) -> Any:
    """The velocity holds the lr: a drop to a hundredth leaves it coasting on, with nothing to brake it."""
    net = perceptron()
    rule = pk.HeavyBall(lr=0.002, momentum=0.99, lr_in_velocity=True)
    training = Training(begin, net, pk.to_torch(rule)(net.parameters()), drawn(64), loss=squared, rows=512)
    for k in training.steps(150):
        if k == 40:
            training.lr(0.00002)
    return training.watched


def lost_at_resume(begin: Begin) -> Any:
    net = perceptron()
    adam = lambda: torch.optim.Adam(net.parameters(), lr=0.02)  # noqa: E731
    training = Training(begin, net, adam(), drawn(64)).run(150)
    training.resumed(adam())
    return training.run(60).watched


def little_beta2(begin: Begin) -> Any:
    net = perceptron()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, betas=(0.9, 0.5))
    return Training(begin, net, optimizer, drawn(16)).run(250).watched


def large_eps(begin: Begin) -> Any:
    net = perceptron()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001, eps=1.0)
    return Training(begin, net, optimizer, drawn(64)).run(200).watched


def broken_batch(begin: Begin) -> Any:
    """One batch that was never scaled: its pixels go to 16 times 16."""
    net = rectified()
    training = Training(begin, net, sgd(net, 0.05), drawn(64))
    for k in training.steps(180):
        training.alter = (lambda b: (b[0] * 100, b[1])) if k == 123 else (lambda b: b)
    return training.watched


class RootOfSquares(nn.Module):
    """A norm without its eps: where its input is 0 its derivative is 0 times infinity."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / (1 + (x**2).sum(-1, keepdim=True).sqrt())


def nan_in_a_layer(begin: Begin) -> Any:
    """A row of zeros meets a norm without its eps: the loss is finite, the first layers' gradient is not."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(64, 32, bias=False), RootOfSquares(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 10)
    )
    training = Training(begin, net, sgd(net, 0.1), drawn(64))

    def emptied(batch: Batch) -> Batch:
        x = batch[0].clone()
        x[0] = 0
        return x, batch[1]

    for k in training.steps(120):
        training.alter = emptied if k == 87 else (lambda b: b)
    return training.watched


def always_clipped(begin: Begin) -> Any:
    net = perceptron()
    return Training(begin, net, sgd(net, 0.05), drawn(64), clip=0.005).run(200).watched


def dead_momentum(begin: Begin) -> Any:
    """The state is loaded anew at each step by a line that was meant for the start."""
    net = perceptron()
    training = Training(begin, net, sgd(net, 0.02), drawn(64))
    for _ in training.steps(200):
        training.optimizer.state.clear()
    return training.watched


def frozen_statistics(begin: Begin) -> Any:
    """After a first look at the validation rows `net.train()` is forgotten."""
    net = convolutional()
    training = Training(begin, net, sgd(net, 0.5), drawn(64, images=True))
    for k in training.steps(180):
        if k == 5:
            net.eval()
    return training.watched


def stopped_layer(begin: Begin) -> Any:
    """A layer's bias is far below 0 after one bad step, and its ReLUs are never on again."""
    net = rectified()
    training = Training(begin, net, sgd(net, 0.05), drawn(64))
    for k in training.steps(180):
        if k == 80:
            with torch.no_grad():
                net[2].bias -= 100.0
    return training.watched


def rounded_away(begin: Begin) -> Any:
    net = perceptron(wide=16).to(torch.bfloat16)
    x = drawn(64)
    batches = ((a.to(torch.bfloat16), b) for a, b in x)
    return Training(begin, net, sgd(net, 0.0005, 0.0), batches).run(200).watched


STAGES: dict[str, tuple[Callable[[Begin], Any], str]] = {
    "lr past the edge, all rows": (past_the_edge, "lr past the edge"),
    "lr past the edge, batches": (past_the_edge_in_batches, "lr past the edge"),
    "momentum too high": (too_much_momentum, "momentum too high for the batch"),
    "lr dropped inside the velocity": (dropped_inside_the_velocity, "lr changed inside the velocity"),
    "moments lost at resume": (lost_at_resume, "velocity lost"),
    "beta2 too small": (little_beta2, "beta2 too small"),
    "eps too large": (large_eps, "eps too large"),
    "a broken batch": (broken_batch, "broken batch"),
    "nan in a layer's gradient": (nan_in_a_layer, "not finite"),
    "clipped at every step": (always_clipped, "clipping at every step"),
    "dead momentum": (dead_momentum, "dead momentum"),
    "batch norm in eval mode": (frozen_statistics, "batch norm in eval mode"),
    "a layer stopped": (stopped_layer, "a layer stopped"),
    "bf16 rounds away": (rounded_away, "updates rounded away"),
}


def plain(begin: Begin, seed: int) -> Any:
    net = perceptron(seed)
    return Training(begin, net, sgd(net, 0.05), drawn(64, seed)).run(200).watched


def whole(begin: Begin, seed: int) -> Any:
    """All rows at once, squared loss, well below the edge."""
    net = perceptron(seed)
    return Training(begin, net, sgd(net, 0.05), drawn(512, seed), loss=squared, rows=512).run(150).watched


def validated(begin: Begin, seed: int) -> Any:
    """Batch norm and dropout, in eval mode while it is validated and back in train mode after it."""
    net = convolutional(seed)
    training = Training(begin, net, sgd(net, 0.05), drawn(64, seed, images=True))
    x, _ = digits(128)
    for k in training.steps(150):
        if k % 40 == 39:
            net.eval()
            with torch.no_grad():
                net(x.view(-1, 1, 8, 8))
            net.train()
    return training.watched


def decayed(begin: Begin, seed: int) -> Any:
    """AdamW with a warm-up and a cosine, and a clip that holds at a few steps."""
    net = rectified(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)
    training = Training(begin, net, optimizer, drawn(32, seed), clip=2.0)
    for k in training.steps(200):
        training.lr(3e-3 * min(1, (k + 1) / 20) * (0.5 + 0.5 * np.cos(np.pi * k / 200)))
    return training.watched


def dropped(begin: Begin, seed: int) -> Any:
    """The lr drops to a tenth with the velocity outside it, as torch has it."""
    net = perceptron(seed)
    training = Training(begin, net, sgd(net, 0.05), drawn(32, seed))
    for k in training.steps(200):
        if k == 120:
            training.lr(0.005)
    return training.watched


def resumed_whole(begin: Begin, seed: int) -> Any:
    """Resumed with its state, in smaller batches than before."""
    net = rectified(seed)
    training = Training(begin, net, torch.optim.Adam(net.parameters(), lr=2e-3), drawn(64, seed)).run(120)
    again = torch.optim.Adam(net.parameters(), lr=2e-3)
    again.load_state_dict(training.optimizer.state_dict())
    training.resumed(again)
    return training.run(60).watched


SOUND: tuple[Callable[[Begin, int], Any], ...] = (plain, whole, validated, decayed, dropped, resumed_whole)
HEALTHY: dict[str, Callable[[Begin], Any]] = {
    f"{each.__name__}, seed {seed}": partial(each, seed=seed) for each in SOUND for seed in (1, 2)
}
