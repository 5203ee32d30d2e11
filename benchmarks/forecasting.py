"""Forecasts held against trainings: `python benchmarks/forecasting.py [--only mlp]`.

The truth is trained beside each forecast by torch's own SGD, with the same kind of batches in other orders (three
seeds, their mean loss), and CPU seconds are compared: what the forecast took, and what the trainings took.
"""

from __future__ import annotations

import argparse
import copy
import time

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from torch import nn

import polyak as pk

MOMENTA = (0.0, 0.5, 0.9)
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


def digits(conv: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows and classes."""
    data = load_digits()
    X = torch.tensor(data.data / 16, dtype=torch.float32)
    y = torch.tensor(data.target)
    return (X.view(-1, 1, 8, 8)[:600], y[:600]) if conv else (X, y)


def net_of(conv: bool) -> nn.Module:
    """A tanh network or a small convolutional one."""
    torch.manual_seed(0)
    if not conv:
        return nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(256, 10),
    )


def train(net, optimizer, X, y, batch, steps, seed):
    """So many steps; returns nothing."""
    draw, order = np.random.default_rng(seed), np.array([], dtype=int)
    criterion = nn.CrossEntropyLoss()
    for _ in range(steps):
        if len(order) < batch:
            order = draw.permutation(len(X))
        rows, order = torch.as_tensor(order[:batch]), order[batch:]
        optimizer.zero_grad()
        criterion(net(X[rows]), y[rows]).backward()
        optimizer.step()


def truth(net, optimizer, X, y, batch, steps, lr, momentum, seeds):
    """The loss over all rows after a real training at a setting, a mean over seeds."""
    found = []
    for seed in range(seeds):
        other = copy.deepcopy(net)
        own = torch.optim.SGD(other.parameters(), lr=lr, momentum=momentum)
        own.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        for group in own.param_groups:
            group.update(lr=lr, momentum=momentum)
        if not momentum:
            own = torch.optim.SGD(other.parameters(), lr=lr)
        train(other, own, X, y, batch, steps, 100 + seed)
        with torch.no_grad():
            found.append(float(nn.functional.cross_entropy(other(X), y)))
    return float(np.mean(found))


def row(name, conv, before, batch, steps, lr, seeds, within):
    """One line of the table."""
    X, y = digits(conv)
    batch = min(batch, len(X))
    net = net_of(conv)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    train(net, optimizer, X, y, batch, before, 1)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X, y), batch_size=batch, shuffle=True, drop_last=True
    )
    model = pk.model(net, nn.CrossEntropyLoss(), loader)
    lrs = [lr * factor for factor in FACTORS]
    began = time.process_time()
    try:
        found = pk.forecast(model, optimizer, steps, lr=lrs, momentum=MOMENTA, within=within)
    except pk.PolyakError as error:
        print(f"{name}: refused after {time.process_time() - began:.2f} s: {error}", flush=True)
        return
    took = time.process_time() - began
    began = time.process_time()
    true = np.array([truth(net, optimizer, X, y, batch, steps, a, m, seeds) for m in MOMENTA for a in lrs])
    trained = (time.process_time() - began) / seeds
    ends, errors = found.losses[:, -1], found.errors[:, -1]
    said = np.isfinite(ends)
    off = np.abs(ends - true)[said] / true[said]
    rank = spearmanr(ends[said], true[said])[0]
    for a, b in zip(off, errors[said], strict=True):
        if a > b:
            print(f"  off by {a:.4f}, said {b:.4f}")
    best = found.best
    pick = "none" if best is None else f"{true[found.lowest] / true.min():.3f}"
    print(
        f"{name}: {said.sum()} of 15 said; error median {np.median(off):.3f}, worst {off.max():.3f}, "
        f"over what is said in {(off > errors[said]).sum()}, over within in {(off > within).sum()}; "
        f"rank {rank:.3f}; true loss of the pick over the best {pick}; {found.gradients:.0f} gradients; "
        f"{took:.2f} s of CPU, training {trained:.2f} s, share {took / trained:.2f}; "
        f"past the edge {found.past_edge.sum()}",
        flush=True,
    )


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--within", type=float, default=0.15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [
        ("mlp early, 200 steps", False, 0, 50, 200, 0.05),
        ("mlp mid, 200 steps", False, 100, 50, 200, 0.05),
        ("mlp late, 200 steps", False, 1000, 50, 200, 0.05),
        ("conv early, all rows, 50 steps", True, 0, 600, 50, 0.05),
        ("conv late, all rows, 200 steps", True, 600, 600, 200, 0.05),
        ("conv step 60, 50 steps", True, 60, 50, 50, 0.05),
        ("conv step 300, 50 steps", True, 300, 50, 50, 0.05),
    ]
    for each in rows:
        if options.only in each[0]:
            row(*each, options.seeds, options.within)


if __name__ == "__main__":
    main()
