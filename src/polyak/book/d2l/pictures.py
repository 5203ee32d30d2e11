"""Fashion-MNIST and training on pictures with PyTorch, as the later editions do, without torchvision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from polyak.book.d2l.measures import Accumulator, Timer
from polyak.book.d2l.plots import Animator
from polyak.data.fashion_mnist import fashion_mnist

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader

Batches: TypeAlias = "DataLoader[tuple[torch.Tensor, ...]]"


def load_data_fashion_mnist(
    batch_size: int, resize: int | Sequence[int] | None = None
) -> tuple[Batches, Batches]:
    """The pictures to train on, shuffled at each pass, and those to test on, in batches.

    Args:
        batch_size: pictures in a batch; each has shape (1, 28, 28) and numbers from 0 to 1.
        resize: another height and width, by bilinear interpolation.
    """
    from torch.utils.data import DataLoader, TensorDataset

    train, test = (TensorDataset(*_pictures(part, resize)) for part in ("train", "t10k"))
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size, shuffle=False)


def _pictures(part: str, resize: int | Sequence[int] | None) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    pictures, labels = fashion_mnist(part)
    X = torch.from_numpy(pictures.astype(np.float32) / 255).unsqueeze(1)
    if resize is not None:
        size = (resize, resize) if isinstance(resize, int) else tuple(resize)
        X = torch.nn.functional.interpolate(X, size, mode="bilinear", antialias=True)
    return X, torch.from_numpy(labels.astype(np.int64))


def cpu() -> torch.device:
    """The processor."""
    import torch

    return torch.device("cpu")


def gpu(i: int = 0) -> torch.device:
    """The i-th graphics processor."""
    import torch

    return torch.device(f"cuda:{i}")


def num_gpus() -> int:
    """How many graphics processors there are."""
    import torch

    return int(torch.cuda.device_count())


def try_gpu(i: int = 0) -> torch.device:
    """The i-th graphics processor where there is one, else the processor."""
    return gpu(i) if num_gpus() > i else cpu()


def try_all_gpus() -> list[torch.device]:
    """Every graphics processor."""
    return [gpu(i) for i in range(num_gpus())]


def accuracy(y_hat: torch.Tensor, y: torch.Tensor) -> float:
    """How many predictions are right: the class of the largest number of a row, or the number itself."""
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(dim=1)
    return float((y_hat.type(y.dtype) == y).type(y.dtype).sum())


def evaluate_accuracy_gpu(
    net: torch.nn.Module, data_iter: Batches, device: torch.device | None = None
) -> float:
    """The share of right predictions over every batch, the network in its evaluation mode, on its own device."""
    import torch

    if isinstance(net, torch.nn.Module):
        net.eval()
        device = device or next(net.parameters()).device
    sums = Accumulator(2)
    with torch.no_grad():
        for X, y in data_iter:
            sums.add(accuracy(net(X.to(device)), y.to(device)), y.numel())
    return sums[0] / sums[1]


def train_ch6(
    net: torch.nn.Module,
    train_iter: Batches,
    test_iter: Batches,
    num_epochs: int,
    lr: float,
    device: torch.device,
) -> None:
    """Train a network of pictures by stochastic gradient descent from Xavier's weights (Glorot and Bengio, 2010).

    The losses and the shares of right predictions are drawn; the last are printed.
    """
    import torch
    from torch import nn

    def first_weights(module: nn.Module) -> None:
        if type(module) in (nn.Linear, nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)

    net.apply(first_weights)
    print("training on", device)  # noqa: T201
    net.to(device)
    optimizer, loss = torch.optim.SGD(net.parameters(), lr=lr), nn.CrossEntropyLoss()
    legend = ["train loss", "train acc", "test acc"]
    animator = Animator(xlabel="epoch", xlim=[1, num_epochs], legend=legend)
    timer, batches = Timer(), len(train_iter)
    train_loss = train_accuracy = test_accuracy = float("nan")
    for epoch in range(num_epochs):
        sums = Accumulator(3)
        net.train()
        for k, (X, y) in enumerate(train_iter, 1):
            timer.start()
            of_batch, right = _step(net, optimizer, loss, X.to(device), y.to(device))
            sums.add(of_batch * X.shape[0], right, X.shape[0])
            timer.stop()
            train_loss, train_accuracy = sums[0] / sums[2], sums[1] / sums[2]
            if k % max(batches // 5, 1) == 0 or k == batches:
                animator.add(epoch + k / batches, (train_loss, train_accuracy, None))
        test_accuracy = evaluate_accuracy_gpu(net, test_iter)
        animator.add(epoch + 1, (None, None, test_accuracy))
    last = (train_loss, train_accuracy, test_accuracy)
    print("loss %.3f, train acc %.3f, test acc %.3f" % last)  # noqa: T201, UP031
    speed = sums[2] * num_epochs / timer.sum()
    print("%.1f examples/sec on %s" % (speed, device))  # noqa: T201, UP031


def _step(
    net: Callable[[torch.Tensor], torch.Tensor],
    optimizer: torch.optim.Optimizer,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    X: torch.Tensor,
    y: torch.Tensor,
) -> tuple[float, float]:
    """One step; the batch's mean loss and how many of its predictions were right before it."""
    optimizer.zero_grad()
    y_hat = net(X)
    value = loss(y_hat, y)
    value.backward()
    optimizer.step()
    return float(value.detach()), accuracy(y_hat.detach(), y)
