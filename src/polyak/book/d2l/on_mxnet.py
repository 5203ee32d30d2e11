"""Linear regression on the airfoil data and networks of pictures, as the later editions' MXNet tabs train them.

The arrays are the old names' own; each helper does what the published one does, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, cast

from polyak.book.d2l.downloads import download
from polyak.book.d2l.epochs import train_epochs
from polyak.book.d2l.measures import Accumulator, Timer
from polyak.book.d2l.plots import Animator
from polyak.book.gluonbook.from_scratch import linreg, squared_loss
from polyak.book.gluonbook.mx import autograd, gluon, init, np
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.context import Context, check
from polyak.book.gluonbook.mx.creation import zeros
from polyak.book.gluonbook.mx.gluon import nn
from polyak.book.gluonbook.mx.gluon.data import ArrayDataset, DataLoader

Net: TypeAlias = Callable[[NDArray], NDArray]
Loss: TypeAlias = Callable[[NDArray, NDArray], NDArray]

SCALE = 0.01  # of the first weights


def get_data_ch11(batch_size: int = 10, n: int = 1500) -> tuple[DataLoader, int]:
    """The airfoil data in shuffled mini-batches, and how many features they have.

    Args:
        batch_size: rows in a batch.
        n: how many rows, from the first on; all columns are standardised by those of every row.
    """
    rows = np.genfromtxt(download("airfoil"), dtype=np.float32, delimiter="\t")
    data = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return load_array((data[:n, :-1], data[:n, -1]), batch_size), data.shape[1] - 1


def load_array(data_arrays: Sequence[NDArray], batch_size: int, is_train: bool = True) -> DataLoader:
    """Arrays of as many rows in batches, shuffled anew at each pass where they are trained on."""
    return DataLoader(ArrayDataset(*data_arrays), batch_size, shuffle=is_train)


def _pairs(batches: DataLoader) -> Iterator[tuple[NDArray, NDArray]]:
    """Features and labels, batch by batch."""
    for batch in batches:
        yield cast("tuple[NDArray, NDArray]", batch)


def evaluate_loss(net: Net, data_iter: DataLoader, loss: Loss) -> float:
    """The mean loss over every row."""
    sums = Accumulator(2)
    for X, y in _pairs(data_iter):
        of_rows = loss(net(X), y)
        sums.add(of_rows.sum(), of_rows.size)
    return sums[0] / sums[1]


def train_ch11(
    trainer_fn: Callable[..., object],
    states: object,
    hyperparams: dict[str, Any],
    data_iter: DataLoader,
    feature_dim: int,
    num_epochs: int = 2,
) -> tuple[list[float], list[float]]:
    """Train linear regression with a page's update function; the last loss is printed, the losses are drawn.

    Args:
        trainer_fn: f([w, b], states, hyperparams), which reads `p.grad` and overwrites `p[:]`.
        states: what the function keeps.
        hyperparams: its numbers by name.
        data_iter: batches of features and labels.
        feature_dim: how many features.
        num_epochs: how often each row is seen.

    Returns the seconds up to each recorded loss, and these losses.
    """
    w, b = np.random.normal(scale=SCALE, size=(feature_dim, 1)), zeros(1)
    w.attach_grad()
    b.attach_grad()

    def net(X: NDArray) -> NDArray:
        return linreg(X, w, b)

    def step(X: NDArray, y: NDArray) -> None:
        with autograd.record():
            value = squared_loss(net(X), y).mean()
        value.backward()
        trainer_fn([w, b], states, hyperparams)

    return train_epochs(step, lambda: evaluate_loss(net, data_iter, squared_loss), data_iter, num_epochs)


def train_concise_ch11(
    tr_name: str, hyperparams: dict[str, Any], data_iter: DataLoader, num_epochs: int = 2
) -> None:
    """Train linear regression with one of MXNet's optimizers, by its name.

    Args:
        tr_name: the optimizer's name.
        hyperparams: its arguments.
        data_iter: batches of features and labels.
        num_epochs: how often each row is seen.
    """
    net = nn.Sequential()
    net.add(nn.Dense(1))
    net.initialize(init.Normal(sigma=SCALE))
    trainer, loss = gluon.Trainer(net.collect_params(), tr_name, hyperparams), gluon.loss.L2Loss()

    def step(X: NDArray, y: NDArray) -> None:
        with autograd.record():
            value = loss(net(X), y)
        value.backward()
        trainer.step(X.shape[0])

    train_epochs(step, lambda: evaluate_loss(net, data_iter, loss), data_iter, num_epochs)


def accuracy(y_hat: NDArray, y: NDArray) -> float:
    """How many predictions are right: the class of the largest number of a row, or the number itself."""
    if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    return float((y_hat.astype(y.dtype) == y).sum().asscalar())


def evaluate_accuracy_gpu(net: Net, data_iter: DataLoader, device: Context | None = None) -> float:
    """The share of right predictions over every batch; `device` is the CPU."""
    check(device)
    sums = Accumulator(2)
    for X, y in _pairs(data_iter):
        sums.add(accuracy(net(X), y), y.size)
    return sums[0] / sums[1]


def train_ch6(
    net: nn.Sequential,
    train_iter: DataLoader,
    test_iter: DataLoader,
    num_epochs: int,
    lr: float,
    device: Context,
) -> None:
    """Train a network of pictures by stochastic gradient descent from Xavier's weights (Glorot and Bengio, 2010).

    The losses and the shares of right predictions are drawn; the last are printed.
    """
    net.initialize(init.Xavier(), device, force_reinit=True)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": lr})
    legend = ["train loss", "train acc", "test acc"]
    animator = Animator(xlabel="epoch", xlim=[1, num_epochs], legend=legend)
    timer, batches = Timer(), len(train_iter)
    last = (float("nan"),) * 3
    for epoch in range(num_epochs):
        sums = Accumulator(3)
        for k, (X, y) in enumerate(_pairs(train_iter), 1):
            timer.start()
            with autograd.record():
                y_hat = net(X)
                value = loss(y_hat, y)
            value.backward()
            trainer.step(X.shape[0])
            sums.add(value.sum(), accuracy(y_hat, y), X.shape[0])
            timer.stop()
            last = (sums[0] / sums[2], sums[1] / sums[2], last[2])
            if k % max(batches // 5, 1) == 0 or k == batches:
                animator.add(epoch + k / batches, (*last[:2], None))
        last = (*last[:2], evaluate_accuracy_gpu(net, test_iter))
        animator.add(epoch + 1, (None, None, last[2]))
    print("loss %.3f, train acc %.3f, test acc %.3f" % last)  # noqa: T201, UP031
    print("%.1f examples/sec on %s" % (sums[2] * num_epochs / timer.sum(), device))  # noqa: T201, UP031


def show_trace_2d(f: Callable[..., Any], results: Sequence[tuple[Any, Any]]) -> None:
    """The way that `train_2d` returned, over the contours of a function f(x1, x2)."""
    from polyak.book.gluonbook import trace_2d

    def values(*grid: Any) -> Any:  # noqa: ANN401
        found = f(*grid)
        return found.asnumpy() if isinstance(found, NDArray) else found

    trace_2d.show_trace_2d(values, [(float(x1), float(x2)) for x1, x2 in results])
