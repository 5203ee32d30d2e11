"""Pictures of clothes and training on classes, as the old pages of softmax regression and perceptrons call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from polyak.book.gluonbook.figures import pyplot, use_svg_display
from polyak.book.gluonbook.from_scratch import sgd
from polyak.book.gluonbook.mx import autograd
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.context import Context, cpu
from polyak.book.gluonbook.mx.gluon.data import ArrayDataset, DataLoader
from polyak.data.fashion_mnist import fashion_mnist, names_of

if TYPE_CHECKING:
    from polyak.book.gluonbook.mx.gluon.trainer import Trainer

Batches = Iterable[Sequence[NDArray]]
get_fashion_mnist_labels = names_of


def load_data_fashion_mnist(
    batch_size: int, resize: int | None = None, root: str = ""
) -> tuple[DataLoader, DataLoader]:
    """The pictures to train on, shuffled at each pass, and those to test on, in batches.

    Args:
        batch_size: pictures in a batch; each has shape (1, 28, 28) and numbers from 0 to 1.
        resize: another height and width; each pixel is then the nearest one's.
        root: taken, and not looked at: the files are found by name in POLYAK_DATA or the cache, or downloaded.
    """
    train, test = (ArrayDataset(*_arrays(part, resize)) for part in ("train", "t10k"))
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size, shuffle=False)


def _arrays(part: str, resize: int | None) -> tuple[np.ndarray, np.ndarray]:
    pictures, labels = fashion_mnist(part)
    if resize:
        rows, columns = ((np.arange(resize) + 0.5) * length / resize for length in pictures.shape[1:])
        pictures = pictures[:, rows.astype(int)][:, :, columns.astype(int)]
    return (pictures[:, None] / np.float32(255)).astype(np.float32), labels.astype(np.int32)


def show_fashion_mnist(images: Iterable[NDArray], labels: Sequence[str]) -> None:
    """Pictures in a row, each under its name."""
    use_svg_display()
    _, grid = pyplot().subplots(1, len(labels), figsize=(12, 12), squeeze=False)
    for axes, image, label in zip(grid.flat, images, labels, strict=True):
        axes.imshow(image.reshape((28, 28)).asnumpy())
        axes.set_title(label)
        axes.set_axis_off()


def accuracy(y_hat: NDArray, y: NDArray) -> float:
    """The share of right predictions: the class of each row's largest number.

    >>> from polyak.book.gluonbook.mx import nd
    >>> accuracy(nd.array([[0.1, 0.9], [0.8, 0.2]]), nd.array([1, 1]))
    0.5
    """
    return float((y_hat.argmax(axis=1) == y.astype("float32")).mean().asscalar())


def evaluate_accuracy(data_iter: Batches, net: Callable[[NDArray], NDArray], ctx: object = None) -> float:
    """The share of right predictions over every batch; `ctx` is taken, and there is one CPU."""
    right = rows = 0
    for X, y in data_iter:
        right += (net(X).argmax(axis=1) == y.astype("float32")).sum().asscalar()
        rows += y.size
    return float(right) / rows


def train_ch3(
    net: Callable[[NDArray], NDArray],
    train_iter: Batches,
    test_iter: Batches,
    loss: Callable[[NDArray, NDArray], NDArray],
    num_epochs: int,
    batch_size: int,
    params: Sequence[NDArray] | None = None,
    lr: float | None = None,
    trainer: Trainer | None = None,
) -> None:
    """Train a classifier; after each epoch its mean loss and its shares of right predictions are printed.

    Args:
        net: the scores of a batch.
        train_iter: batches to train on.
        test_iter: batches to test on.
        loss: of each row, of its scores and its class.
        num_epochs: how often each row is seen.
        batch_size: what a step's gradient, a sum over the batch, is divided by.
        params: arrays that plain gradient descent with `lr` steps, where no trainer is given.
        lr: its learning rate.
        trainer: Gluon's.
    """
    for epoch in range(1, num_epochs + 1):
        losses = right = rows = 0.0
        for X, y in train_iter:
            with autograd.record():
                y_hat = net(X)
                value = loss(y_hat, y).sum()
            value.backward()
            if trainer is None:
                sgd(params or (), lr or 0.0, batch_size)
            else:
                trainer.step(batch_size)
            losses += float(value.asscalar())
            right += float((y_hat.argmax(axis=1) == y.astype("float32")).sum().asscalar())
            rows += y.size
        tested = evaluate_accuracy(test_iter, net)
        said = (epoch, losses / rows, right / rows, tested)
        print("epoch %d, loss %.4f, train acc %.3f, test acc %.3f" % said)  # noqa: T201, UP031


def try_gpu() -> Context:
    """The CPU: there is no other device here."""
    return cpu()


def try_all_gpus() -> list[Context]:
    """The CPU alone."""
    return [cpu()]
