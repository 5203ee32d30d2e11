"""Linear regression as the old pages write it, from scratch."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from polyak.book.gluonbook.mx import nd
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.creation import array


def linreg(X: NDArray, w: NDArray, b: NDArray) -> NDArray:
    """X w + b.

    >>> linreg(nd.ones((2, 3)), nd.ones((3, 1)), nd.zeros(1)).asnumpy().ravel()
    array([3., 3.], dtype=float32)
    """
    return nd.dot(X, w) + b


def squared_loss(y_hat: NDArray, y: NDArray) -> NDArray:
    """(y_hat - y)^2 / 2, number by number, y brought to the shape of y_hat.

    >>> squared_loss(nd.array([[3.0]]), nd.array([1.0])).asscalar()
    np.float32(2.0)
    """
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def sgd(params: Iterable[NDArray], lr: float, batch_size: int) -> None:
    """A step of gradient descent on each parameter, whose gradient is a sum over the batch."""
    for param in params:
        param[:] = param - lr * param.grad / batch_size


def data_iter(batch_size: int, features: NDArray, labels: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
    """Mini-batches of all rows, in an order of their own each time."""
    rows = list(range(len(features)))
    random.shuffle(rows)
    for begin in range(0, len(rows), batch_size):
        chosen = array(rows[begin : begin + batch_size])
        yield features.take(chosen), labels.take(chosen)
