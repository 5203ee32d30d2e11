"""Training linear regression as the book's seventh chapter does, compiled: the page's own update function, unedited."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from polyak.book.gluonbook.mx import random
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.optimizers import rule_of
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.types import Number, Pytree
from polyak.rules.pages.handles import ArrayHandle, raw

if TYPE_CHECKING:
    import jax

    from polyak.data import Data
    from polyak.rules.protocol import Optimizer
    from polyak.run import History

Params: TypeAlias = "tuple[jax.Array, jax.Array]"
Loss: TypeAlias = "Callable[[Params, jax.Array, jax.Array], jax.Array]"
Rows: TypeAlias = "ArrayHandle | np.ndarray[Any, Any] | list[Any]"
States: TypeAlias = "ArrayHandle | tuple[States, ...] | list[States] | None"
RECORDED_ROWS = 100  # the loss over all rows is recorded each time that so many more were seen
INITIAL_SCALE = 0.01  # of the weights


def get_data_ch7() -> tuple[NDArray, NDArray]:
    """NASA's airfoil self-noise, standardised: features of shape (1503, 5), and the sound level.

    Read from POLYAK_DATA or the cache, or downloaded. Raises PolyakError if it is not to be had.
    """
    from polyak.data import airfoil

    data = airfoil()
    return NDArray(data.features.astype(np.float32)), NDArray(data.labels.astype(np.float32))


def train_ch7(
    trainer_fn: Callable[..., object],
    states: States,
    hyperparams: dict[str, Any],
    features: Rows,
    labels: Rows,
    batch_size: int = 10,
    num_epochs: int = 2,
) -> None:
    """Train linear regression with a page's update function; the last loss is printed, the losses are drawn.

    Args:
        trainer_fn: f(params, states, hyperparams), which reads `p.grad` and overwrites `p[:]` and its states.
        states: what the function keeps, arrays in tuples; afterwards they hold what it left in them.
        hyperparams: its numbers by name; afterwards, what it left in them.
        features: shape (rows, columns).
        labels: shape (rows,).
        batch_size: rows in a mini-batch.
        num_epochs: how often each row is seen.

    It is compiled at its first call: a call with other numbers compiles nothing. A function that cannot be
    compiled runs step by step, with a warning that says why. Raises PolyakError for one of another kind.
    """
    from polyak.rules import from_page

    if not isinstance(hyperparams, dict):
        raise PolyakError(
            f"the hyper-parameters are {hyperparams!r}, expected a dictionary such as {{'lr': 0.02}}"
        )
    given = {name: raw(value) for name, value in hyperparams.items()}
    rule = from_page(trainer_fn, states=() if states is None else states, **given)
    state = _train(rule, mean_squared_loss, features, labels, batch_size, num_epochs)
    _write_back(states, state.states)
    for name, value in state.hyperparams.items():
        hyperparams[name] = _like(hyperparams[name], value)


def train_gluon_ch7(
    trainer_name: str,
    trainer_hyperparams: dict[str, Any],
    features: Rows,
    labels: Rows,
    batch_size: int = 10,
    num_epochs: int = 2,
) -> None:
    """Train linear regression with one of a Gluon Trainer's optimizers; the loss is printed, the losses are drawn.

    Args:
        trainer_name: sgd, nag, adagrad, rmsprop, adadelta, adam, nadam, signum ...
        trainer_hyperparams: the hyper-parameters by MXNet's names, with MXNet's meanings.
        features: shape (rows, columns).
        labels: shape (rows,).
        batch_size: rows in a mini-batch; a Trainer divides by it even where the last batch is smaller.
        num_epochs: how often each row is seen.

    Raises PolyakError for an optimizer or a hyper-parameter that is not known.
    """
    rule = rule_of(trainer_name, trainer_hyperparams)
    whole_number("batch_size", batch_size, at_least=1, at_most=len(features))
    _train(rule, loss_over(batch_size), features, labels, batch_size, num_epochs)


def mean_squared_loss(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    """The mean of (X w + b - y)^2 / 2, for w of shape (columns, 1) and b of shape (1,)."""
    return (_residual(params, X, y) ** 2).mean() / 2


@cache
def loss_over(batch_size: int) -> Loss:
    """The same loss as a Trainer sees it: a batch of fewer rows than `batch_size` is divided by `batch_size`."""

    def loss(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
        return (_residual(params, X, y) ** 2).sum() / (2 * max(batch_size, y.shape[0]))

    return loss


def _residual(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    from polyak.problems.regression import linear

    w, b = params
    return linear(w[:, 0], X) + b - y


def _train(
    rule: Optimizer, loss: Loss, features: Rows, labels: Rows, batch_size: int, num_epochs: int
) -> Pytree:
    """Train, print, draw; the rule's last state."""
    from polyak.book.gluonbook.figures import show_losses
    from polyak.data import Data
    from polyak.problems import Problem, sigma_points
    from polyak.run import train

    data = Data.from_arrays(np.asarray(raw(features)), np.asarray(raw(labels)))
    batch_size = whole_number("batch_size", batch_size, at_least=1)
    columns = data.features.shape[1]
    problem = Problem(
        "linear regression",
        data,
        loss,
        lambda generator: (generator.normal(scale=INITIAL_SCALE, size=(columns, 1)), np.zeros(1)),
        r"\frac{1}{2n} \sum_i (x_i^T w + b - y_i)^2",
        whole=_repeated(sigma_points(data), at_least=batch_size),
    )
    history = train(
        rule,
        problem,
        batch_size=min(batch_size, data.rows),
        epochs=num_epochs,
        seed=int(random.generator().integers(2**31)),
        every=math.lcm(batch_size, RECORDED_ROWS),
        quick=True,
    )
    losses = _recorded(history, batch_size)
    said, seconds = (readable(value, 6, places=6) for value in (losses[-1], history.seconds / num_epochs))
    print(f"loss: {said}, {seconds} sec per epoch")  # noqa: T201
    show_losses(losses, num_epochs)
    import jax

    return jax.tree.map(lambda array: array[0], history.state)


def _repeated(data: Data, at_least: int) -> Data:
    """The same rows over and over, at least so many: what a Trainer divides by is the mean over them then."""
    times = -(-at_least // data.rows)
    return replace(data, features=np.tile(data.features, (times, 1)), labels=np.tile(data.labels, times))


def _recorded(history: History, batch_size: int) -> Sequence[float]:
    """The losses after each hundred rows of an epoch; where batches never end there, those at the epochs' ends."""
    losses, steps = history.losses[0], history.steps_taken
    an_epoch = -(-history.problem.data.rows // batch_size)
    in_epoch = (steps - 1) % an_epoch + 1
    chosen = (in_epoch * batch_size % RECORDED_ROWS == 0) | (steps == 0)
    return losses[chosen] if chosen.sum() > 1 else losses


def _write_back(states: States, final: Pytree) -> None:
    """What a training left in its states, written to the page's arrays."""
    if isinstance(states, ArrayHandle):
        states[:] = np.reshape(final, states.shape)
    elif isinstance(states, tuple | list):
        for one, last in zip(states, final or (), strict=bool(final)):
            _write_back(one, last)


def _like(before: object, value: Number) -> object:
    """A hyper-parameter that was written, as the page first wrote it: a whole number stays one."""
    if isinstance(before, ArrayHandle):
        return before.new(np.asarray(value))
    array = np.asarray(value)
    return array if array.ndim else type(before)(array.item())  # type: ignore[call-arg]
