"""Linear regression by a Trainer, step by step, as the earlier pages of the book have it."""

from __future__ import annotations

from typing import cast

import numpy as np

from polyak.book.gluonbook.figures import semilogy
from polyak.book.gluonbook.mx import autograd
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.gluon import data, loss, nn
from polyak.book.gluonbook.mx.gluon.trainer import Trainer
from polyak.ground.errors import PolyakError

DECAY = 0.1  # of the learning rate, at each epoch after `decay_epoch`


def optimize(
    batch_size: int,
    trainer: Trainer,
    num_epochs: int,
    decay_epoch: int | None,
    log_interval: int,
    features: NDArray,
    labels: NDArray,
    net: nn.Sequential,
) -> None:
    """Train a network whose first layer is all of it; what it found is printed, the losses over all rows are drawn.

    Args:
        batch_size: rows in a mini-batch.
        trainer: of the network's parameters.
        num_epochs: how often each row is seen.
        decay_epoch: the last epoch at the first learning rate, a tenth of which is left at each one after it; None or 0
            for one learning rate throughout.
        log_interval: the loss is recorded at the batches that begin at a multiple of so many rows.
        features: shape (rows, columns).
        labels: shape (rows,).
        net: its first layer is dense, with one number out.

    Raises PolyakError for a network that begins otherwise.
    """
    dense = net[0]
    if not isinstance(dense, nn.Dense) or dense.bias is None:
        begins = f"the network begins with a {type(dense).__name__}"
        raise PolyakError(f"{begins}, expected a Dense with a bias that is all of it")
    squared = loss.L2Loss()
    batches = data.DataLoader(data.ArrayDataset(features, labels), batch_size, shuffle=True)

    def over_all() -> float:
        return float(squared(net(features), labels).mean().asscalar())

    losses = [over_all()]
    for epoch in range(1, num_epochs + 1):
        if decay_epoch and epoch > decay_epoch:
            trainer.set_learning_rate(DECAY * trainer.learning_rate)
        for number, batch in enumerate(batches):
            X, y = cast("tuple[NDArray, NDArray]", batch)
            with autograd.record():
                batch_loss = squared(net(X), y)
            batch_loss.backward()
            trainer.step(batch_size)
            if number * batch_size % log_interval == 0:
                losses.append(over_all())
    print("w:", dense.weight.data(), "\nb:", dense.bias.data(), "\n")  # noqa: T201
    semilogy(list(np.linspace(0, num_epochs, len(losses))), losses, "epoch", "loss")
