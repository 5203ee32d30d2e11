"""PyTorch as its users write it: `torch.optim.SGD` in a Python loop, with and without a DataLoader."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from airfoil import BATCH, EVERY, LR, MOMENTUM, Airfoil, Outcome, Train
from torch.utils.data import DataLoader, TensorDataset


def linear(data: Airfoil, seed: int) -> torch.nn.Linear:
    """The model, started where the others start."""
    model = torch.nn.Linear(data.X.shape[1], 1)
    w, b = data.start(seed)
    with torch.no_grad():
        model.weight.copy_(torch.as_tensor(w))
        model.bias.fill_(float(b))
    return model


def fit(model: torch.nn.Linear, epochs: Iterable, X: torch.Tensor, y: torch.Tensor) -> Outcome:
    """Train on `epochs`, each an iterable of batches."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    squared = torch.nn.MSELoss()

    def over_all() -> float:
        with torch.no_grad():
            return (squared(model(X), y) / 2).item()

    losses = [over_all()]
    for batches in epochs:
        for i, (features, labels) in enumerate(batches):
            optimizer.zero_grad()
            loss = squared(model(features), labels) / 2
            loss.backward()
            optimizer.step()
            if (i + 1) * BATCH % EVERY == 0:
                losses.append(over_all())
    return Outcome(model.weight.detach().numpy()[0], model.bias.item(), losses)


def trainer(data: Airfoil) -> Train:
    """Batches cut from a permutation: the cheaper of the two loops."""
    X, y = torch.as_tensor(data.X), torch.as_tensor(data.y)[:, None]

    def train(seed: int, epochs: int) -> Outcome:
        orders = torch.as_tensor(data.order(seed, epochs))
        batches = (((X[batch], y[batch]) for batch in order.split(BATCH)) for order in orders)
        return fit(linear(data, seed), batches, X, y)

    return train


def loader_trainer(data: Airfoil) -> Train:
    """Batches from a shuffling DataLoader, which draws orders of its own."""
    X, y = torch.as_tensor(data.X), torch.as_tensor(data.y)[:, None]

    def train(seed: int, epochs: int) -> Outcome:
        generator = torch.Generator().manual_seed(seed)
        loader = DataLoader(TensorDataset(X, y), batch_size=BATCH, shuffle=True, generator=generator)
        return fit(linear(data, seed), (loader for _ in range(epochs)), X, y)

    return train
