"""Softmax regression as the old pages train it, on small pictures of Fashion-MNIST's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from polyak.book.gluonbook import pictures
from polyak.book.gluonbook.mx import autograd, nd, random
from polyak.book.gluonbook.mx.gluon import Trainer, loss, nn


def test_pictures_come_in_batches_with_their_classes(small_fashion: Path) -> None:
    train, test = pictures.load_data_fashion_mnist(8)
    assert (len(train), len(test)) == (5, 2)
    X, y = next(iter(test))
    assert (X.shape, X.dtype, y.dtype) == ((8, 1, 28, 28), np.float32, np.int32)
    assert y.asnumpy().tolist() == list(range(8))
    assert float(X.max().asscalar()) == 1.0
    resized, _ = next(iter(pictures.load_data_fashion_mnist(8, resize=14)[1]))
    np.testing.assert_array_equal(resized.asnumpy(), X.asnumpy()[:, :, 1::2, 1::2])
    assert pictures.get_fashion_mnist_labels([1, 8]) == ["trouser", "bag"]


def test_the_first_losses_are_those_of_plain_numbers(
    small_fashion: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One batch of all rows: the loss before the first step is log 10, before the second that of W = -lr g."""
    train, test = pictures.load_data_fashion_mnist(40)
    W, b = nd.zeros((784, 10)), nd.zeros(10)
    for param in (W, b):
        param.attach_grad()

    def net(X: nd.NDArray) -> nd.NDArray:
        exponents = (nd.dot(X.reshape((-1, 784)), W) + b).exp()
        return exponents / exponents.sum(axis=1, keepdims=True)

    def cross_entropy(y_hat: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
        return -nd.pick(y_hat, y).log()

    pictures.train_ch3(net, train, test, cross_entropy, 2, 40, [W, b], 0.1)
    X, y = (part.asnumpy() for part in next(iter(train)))
    X, classes = X.reshape(-1, 784).astype(float), np.eye(10)[y]
    step = 0.1 * (classes - 0.1) / 40
    scores = X @ (X.T @ step) + step.sum(axis=0)
    second = -(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))[classes > 0].mean()
    said = capsys.readouterr().out.split("\n")
    assert said[0].startswith(f"epoch 1, loss {np.log(10):.4f}, train acc 0.100, test acc ")
    assert said[1].startswith(f"epoch 2, loss {second:.4f}, ")
    right = (scores.argmax(axis=1) == y).mean()
    assert f"train acc {right:.3f}" in said[1]


def test_gluons_trainer_learns_them(small_fashion: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(3)
    train, test = pictures.load_data_fashion_mnist(8)
    net = nn.Sequential()
    net.add(nn.Flatten(), nn.Dense(10))
    net.initialize()
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    pictures.train_ch3(net, train, test, loss.SoftmaxCrossEntropyLoss(), 6, 8, trainer=trainer)
    last = capsys.readouterr().out.strip().split("\n")[-1]
    assert last.endswith(f"test acc {pictures.evaluate_accuracy(test, net):.3f}")
    assert pictures.evaluate_accuracy(test, net, pictures.try_gpu()) > 0.9
    assert not autograd.is_recording()


def test_pictures_stand_in_a_row_under_their_names(small_fashion: Path) -> None:
    from matplotlib import pyplot

    X, y = next(iter(pictures.load_data_fashion_mnist(8)[1]))
    pictures.show_fashion_mnist(X[:3], pictures.get_fashion_mnist_labels(y.asnumpy()[:3]))
    assert [axes.get_title() for axes in pyplot.gcf().axes] == ["t-shirt", "trouser", "pullover"]
    pyplot.close("all")
