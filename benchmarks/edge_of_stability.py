"""The edge of stability on a real network: does sharpness stop where the rule's own edge is, and where do runs grow?

`python benchmarks/edge_of_stability.py` prints two tables, in some five minutes on two cores; `full` or `batches` one.

The first: a tanh network 64-32-32-10 on the first 500 of scikit-learn's digits, each pixel standardised, half the
squared loss (summed over outputs, mean over rows). Source: Cohen, J. et al. (2021). Gradient descent on neural networks
typically occurs at the edge of stability; (2022) for Adam.

The second: a tanh network 64-32-10 on 300 of them.
"""

from __future__ import annotations

import copy
import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

import polyak as pk

EVERY = 20  # steps between two readings
CLOSE = 0.03  # how far a median may be from the edge
REACHED = 0.98  # of the edge: from here on it is there
ROWS, MEMORY, WARM, WARM_LR = 300, 0.9, 300, 0.05  # of the runs in mini-batches
GROWN, LONG, SEEDS = (
    10.0,
    600,
    3,
)  # times the loss at their start; steps that a run is given; runs a learning rate

Optimizer = Callable[[Any], torch.optim.Optimizer]


FULL: dict[str, tuple[Optimizer, int]] = {
    "gradient descent, lr 0.4": (lambda p: torch.optim.SGD(p, lr=0.4), 1600),
    "heavy ball 0.5, lr 0.6": (lambda p: torch.optim.SGD(p, lr=0.6, momentum=0.5), 1600),
    "heavy ball 0.9, lr 0.76": (lambda p: torch.optim.SGD(p, lr=0.76, momentum=0.9), 1600),
    "Nesterov 0.9, lr 0.2714": (lambda p: torch.optim.SGD(p, lr=0.2714, momentum=0.9, nesterov=True), 1600),
    "Adam 0.9, lr 0.003": (lambda p: torch.optim.Adam(p, lr=0.003), 2400),
}  # each with how many steps it takes


def loss_of(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Half the squared error: summed over outputs, mean over rows."""
    return ((outputs - targets) ** 2).sum(1).mean() / 2


def digits(rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels of mean 0 and deviation 1, those that never change as 0, and the digits as ten numbers each."""
    found = load_digits()
    inputs = torch.tensor(StandardScaler().fit_transform(found.data[:rows]), dtype=torch.float32)
    return inputs, torch.nn.functional.one_hot(torch.tensor(found.target[:rows]), 10).float()


def network(seed: int = 0, widths: tuple[int, ...] = (64, 32, 32, 10)) -> torch.nn.Sequential:
    """A tanh network with torch's own start."""
    torch.manual_seed(seed)
    layers = [
        layer for size in itertools.pairwise(widths) for layer in (torch.nn.Linear(*size), torch.nn.Tanh())
    ]
    return torch.nn.Sequential(*layers[:-1])


def step(net: torch.nn.Module, optimizer: torch.optim.Optimizer, X: torch.Tensor, Y: torch.Tensor) -> float:
    """One step, and the loss before it."""
    optimizer.zero_grad()
    loss = loss_of(net(X), Y)
    loss.backward()
    optimizer.step()
    return loss.item()


def shares(make: Optimizer, steps: int, rows: int = 500, every: int = EVERY) -> list[float]:
    """Sharpness over the rule's own edge, read every so many steps of a run with all rows."""
    X, Y = digits(rows)
    net = network()
    optimizer = make(net.parameters())
    model, found = pk.model(net, loss_of, [(X, Y)]), []
    for k in range(1, steps + 1):
        step(net, optimizer, X, Y)
        if k % every == 0:
            found.append(pk.stability(optimizer, model).share)
    return found


def full_batch(console: Console) -> None:
    """The first table: over the second half of each run."""
    table = Table(
        "optimizer", "sharpness/edge, median", "highest", "first at 98 %, step", "median within 3 %"
    )
    for name, (make, steps) in track(FULL.items(), "full batch", console=console, transient=True):
        found = shares(make, steps)
        half = found[len(found) // 2 :]
        middle, highest = float(np.median(half)), max(half)
        first = next((EVERY * (k + 1) for k, share in enumerate(found) if share >= REACHED), None)
        verdict = "met" if abs(middle - 1) <= CLOSE else "MISSED"
        table.add_row(name, f"{middle:.3f}", f"{highest:.3f}", f"{first}", verdict)
    console.print(table)


def warmed(nesterov: bool) -> tuple[torch.nn.Sequential, torch.optim.Optimizer]:
    """A net after some steps with all rows at a small learning rate."""
    X, Y = digits(ROWS)
    net = network(widths=(64, 32, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=WARM_LR, momentum=MEMORY, nesterov=nesterov)
    for _ in range(WARM):
        step(net, optimizer, X, Y)
    return net, optimizer


def grows(
    net: torch.nn.Module, nesterov: bool, momentum: float, lr: float, batch_size: int, seed: int
) -> bool:
    """Whether a run from this net, in mini-batches drawn anew, comes to ten times the loss that it began at."""
    X, Y = digits(ROWS)
    net, generator = copy.deepcopy(net), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum, nesterov=nesterov)
    begun = loss_of(net(X), Y).item()
    for k in range(LONG):
        rows = torch.randint(ROWS, (batch_size,), generator=generator)
        step(net, optimizer, X[rows], Y[rows])
        if k % 10 == 9 and not loss_of(net(X), Y).item() < GROWN * begun:
            return True
    return False


def least_growing(
    net: torch.nn.Module, nesterov: bool, momentum: float, batch_size: int, near: float
) -> float:
    """The learning rate from which on most runs grow tenfold, to 7 %, by halving in its logarithm."""

    def most(lr: float) -> bool:
        return sum(grows(net, nesterov, momentum, lr, batch_size, seed) for seed in range(SEEDS)) > SEEDS / 2

    low, high = near / 4, near * 4
    while high / low > 1.07:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if most(middle) else (middle, high)
    return (low * high) ** 0.5


def mini_batches(console: Console) -> None:
    """The second table: the edge in mini-batches against where real runs grow."""
    table = Table(
        "optimizer", "batch", "grew from lr", "mean-square edge", "off by", "edge of all rows", "allowed"
    )
    kinds = {
        "heavy ball 0.9": (MEMORY, False),
        "Nesterov 0.9": (MEMORY, True),
        "gradient descent": (0.0, False),
    }
    X, Y = digits(ROWS)
    for name, (momentum, nesterov) in kinds.items():
        net, _ = warmed(nesterov=False)
        optimizer = torch.optim.SGD(net.parameters(), lr=WARM_LR, momentum=momentum, nesterov=nesterov)
        model = pk.model(net, loss_of, [(X, Y)])
        for batch_size in track((64, 16, 4), name, console=console, transient=True):
            found = pk.stability(optimizer, model, batch_size=batch_size)
            real = least_growing(net, nesterov, momentum, batch_size, found.max_lr_in_batches)
            off = max(real / found.max_lr_in_batches, found.max_lr_in_batches / real)
            allowed = 2 if batch_size >= 16 else 3
            table.add_row(
                name,
                f"{batch_size}",
                f"{real:.3g}",
                f"{found.max_lr_in_batches:.3g}",
                f"{off:.2f} times",
                f"{found.max_lr:.3g}",
                f"{allowed} times, {'met' if off <= allowed else 'MISSED'}",
            )
    console.print(table)


if __name__ == "__main__":
    torch.set_num_threads(1)
    asked = sys.argv[1:] or ["full", "batches"]
    for part, measured in {"full": full_batch, "batches": mini_batches}.items():
        if part in asked:
            measured(Console(width=110))
