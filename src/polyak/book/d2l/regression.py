"""Linear regression on the airfoil data with PyTorch, as the later editions' eleventh and twelfth chapters train it.

    l(w, b) = (x^T w + b - y)^2 / 2

Whatever draws a random number draws it as the published helpers do: the weights first, then a shuffle an epoch, and one
for each recorded loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from polyak.book.d2l.downloads import download
from polyak.book.d2l.epochs import train_epochs
from polyak.book.d2l.measures import Accumulator

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader

Batches: TypeAlias = "DataLoader[tuple[torch.Tensor, ...]]"
Net: TypeAlias = "Callable[[torch.Tensor], torch.Tensor]"
Loss: TypeAlias = "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"

SCALE = 0.01  # of the first weights


def get_data_ch11(batch_size: int = 10, n: int = 1500) -> tuple[Batches, int]:
    """The airfoil data in shuffled mini-batches, and how many features they have.

    Args:
        batch_size: rows in a batch.
        n: how many rows, from the first on; all columns are standardised by those of every row.
    """
    import torch

    rows = np.genfromtxt(download("airfoil"), dtype=np.float32, delimiter="\t")
    data = torch.from_numpy((rows - rows.mean(axis=0)) / rows.std(axis=0))
    return load_array((data[:n, :-1], data[:n, -1]), batch_size), data.shape[1] - 1


def load_array(data_arrays: Sequence[torch.Tensor], batch_size: int, is_train: bool = True) -> Batches:
    """Tensors of as many rows in batches, shuffled anew at each pass where they are trained on."""
    from torch.utils.data import DataLoader, TensorDataset

    return DataLoader(TensorDataset(*data_arrays), batch_size, shuffle=is_train)


def synthetic_data(w: torch.Tensor, b: float, num_examples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of normal features and their labels, X w + b and a noise of .01."""
    import torch

    X = torch.normal(0, 1, (num_examples, len(w)))
    y = X @ w + b
    return X, (y + torch.normal(0, 0.01, y.shape)).reshape(-1, 1)


def linreg(X: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """X w + b."""
    return X @ w + b


def squared_loss(y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """(y_hat - y)^2 / 2, of each row."""
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def sgd(params: Sequence[torch.Tensor], lr: float, batch_size: int) -> None:
    """A step along the gradient of a loss that was summed over a batch; the gradients are 0 afterwards."""
    import torch

    with torch.no_grad():
        for param in params:
            if param.grad is not None:
                param.sub_(lr * param.grad / batch_size)
                param.grad.zero_()


def evaluate_loss(net: Net, data_iter: Batches, loss: Loss) -> float:
    """The mean loss over every row."""
    sums = Accumulator(2)
    for X, y in data_iter:
        out = net(X)
        of_rows = loss(out, y.reshape(out.shape))
        sums.add(of_rows.sum(), of_rows.numel())
    return sums[0] / sums[1]


def train_ch11(
    trainer_fn: Callable[..., object],
    states: object,
    hyperparams: dict[str, Any],
    data_iter: Batches,
    feature_dim: int,
    num_epochs: int = 2,
) -> tuple[list[float], list[float]]:
    """Train linear regression with a page's update function; the last loss is printed, the losses are drawn.

    Args:
        trainer_fn: f([w, b], states, hyperparams), which reads `p.grad`, overwrites `p.data` and zeroes the gradient.
        states: what the function keeps.
        hyperparams: its numbers by name.
        data_iter: batches of features and labels.
        feature_dim: how many features.
        num_epochs: how often each row is seen.

    Returns the seconds up to each recorded loss, and these losses.
    """
    import torch

    w = torch.normal(mean=0.0, std=SCALE, size=(feature_dim, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)

    def net(X: torch.Tensor) -> torch.Tensor:
        return linreg(X, w, b)

    def step(X: torch.Tensor, y: torch.Tensor) -> None:
        squared_loss(net(X), y).mean().backward()
        trainer_fn([w, b], states, hyperparams)

    return train_epochs(step, lambda: evaluate_loss(net, data_iter, squared_loss), data_iter, num_epochs)


def train_concise_ch11(
    trainer_fn: Callable[..., torch.optim.Optimizer],
    hyperparams: dict[str, Any],
    data_iter: Batches,
    num_epochs: int = 4,
) -> None:
    """Train linear regression with one of PyTorch's optimizers on the mean of (x^T w + b - y)^2, without its half.

    Args:
        trainer_fn: the optimizer's class.
        hyperparams: its arguments.
        data_iter: batches of five features and labels.
        num_epochs: how often each row is seen.
    """
    from torch import nn

    linear = nn.Linear(5, 1)
    nn.init.normal_(linear.weight, std=SCALE)
    net = nn.Sequential(linear)
    optimizer, loss = trainer_fn(net.parameters(), **hyperparams), nn.MSELoss(reduction="none")

    def step(X: torch.Tensor, y: torch.Tensor) -> None:
        optimizer.zero_grad()
        out = net(X)
        loss(out, y.reshape(out.shape)).mean().backward()
        optimizer.step()

    train_epochs(
        step, lambda: evaluate_loss(net, data_iter, lambda out, y: loss(out, y) / 2), data_iter, num_epochs
    )
