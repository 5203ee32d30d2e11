"""Networks over pictures, as the old pages of convolutions train them."""

from __future__ import annotations

import time
from collections.abc import Callable

from polyak.book.gluonbook.mx import autograd, nd
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.context import Context
from polyak.book.gluonbook.mx.gluon.loss import SoftmaxCrossEntropyLoss
from polyak.book.gluonbook.mx.gluon.trainer import Trainer
from polyak.book.gluonbook.pictures import Batches, evaluate_accuracy


def train_ch5(
    net: Callable[[NDArray], NDArray],
    train_iter: Batches,
    test_iter: Batches,
    batch_size: int,
    trainer: Trainer,
    ctx: Context,
    num_epochs: int,
) -> None:
    """Train a classifier by the softmax's cross-entropy; each epoch's loss, shares of right predictions and time.

    Args:
        net: the scores of a batch.
        train_iter: batches to train on.
        test_iter: batches to test on.
        batch_size: what a step's gradient, a sum over the batch, is divided by.
        trainer: Gluon's.
        ctx: the device, which is printed.
        num_epochs: how often each row is seen.
    """
    print("training on", ctx)  # noqa: T201
    loss = SoftmaxCrossEntropyLoss()
    for epoch in range(1, num_epochs + 1):
        losses = right = rows = 0.0
        start = time.time()
        for X, y in train_iter:
            with autograd.record():
                y_hat = net(X)
                value = loss(y_hat, y).sum()
            value.backward()
            trainer.step(batch_size)
            losses += float(value.asscalar())
            right += float((y_hat.argmax(axis=1) == y.astype("float32")).sum().asscalar())
            rows += y.size
        tested = evaluate_accuracy(test_iter, net, ctx)
        said = (epoch, losses / rows, right / rows, tested, time.time() - start)
        print("epoch %d, loss %.4f, train acc %.3f, test acc %.3f, time %.1f sec" % said)  # noqa: T201, UP031


def corr2d(X: NDArray, K: NDArray) -> NDArray:
    """The cross-correlation of a picture (height, width) with a kernel.

    >>> X, K = nd.arange(9).reshape((3, 3)), nd.array([[0, 1], [2, 3]])
    >>> corr2d(X, K).asnumpy()
    array([[19., 25.],
           [37., 43.]], dtype=float32)
    """
    whole = nd.Convolution(X.reshape((1, 1, *X.shape)), K.reshape((1, 1, *K.shape)))
    return whole.reshape(whole.shape[2:])
