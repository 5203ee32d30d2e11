r"""The linearised network trained with every setting side by side, on the same mini-batches.

    Z <- A Z + b (mean_{i in batch} (J_i P^{1/2} V)^T l_i'(z_i(c)) + ...),    c the first row of Z

All settings are columns of one matrix: a step is one product with the rows of a batch, the loss's own gradient at their
outputs, and one product back. Nothing is compiled: a step of 15 settings takes about a tenth of a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.linearised import Linearised
from polyak.diagnose.forecast.steps import Steps

Order = Iterator[NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Simulated:
    """What became of each setting.

    Attributes:
        losses: over all rows, shape (settings, records).
        away: |y|, how far each is from the start, likewise.
        c: where it is at the end, shape (K, settings).
        at: the same after the steps that were asked for.
    """

    losses: NDArray[np.float64]
    away: NDArray[np.float64]
    c: NDArray[np.float64]
    at: dict[int, NDArray[np.float64]]


def shuffled(counts: Sequence[int], seed: int) -> Order:
    """Batches of these sizes, an epoch after the other, their rows drawn anew in each without replacement.

    >>> first = next(shuffled([2, 2], seed=0))
    >>> len(first), bool(first.max() < 4)
    (2, True)
    """
    generator = np.random.default_rng(seed)
    cuts = np.cumsum(counts)[:-1]
    while True:
        yield from np.split(generator.permutation(int(sum(counts))), cuts)


def as_read(counts: Sequence[int], first: int = 0) -> Order:
    """The batches as they were read, over and over.

    >>> [batch.tolist() for batch, _ in zip(as_read([2, 1]), range(3))]
    [[0, 1], [2], [0, 1]]
    """
    batches = np.split(np.arange(int(sum(counts))), np.cumsum(counts)[:-1])
    batches = batches[first % len(batches) :] + batches[: first % len(batches)]
    while True:
        yield from batches


def simulated(
    near: Linearised,
    steps: Steps,
    order: Order,
    records: Sequence[int],
    *,
    places: Collection[int] = (),
    defect: Callable[[int], NDArray[np.float64]] | None = None,
) -> Simulated:
    """Train, and read the loss after the steps named, rising numbers.

    Args:
        near: the network, linearised.
        steps: of all settings.
        order: the rows of each batch.
        records: the steps after which the loss is read.
        places: those after which it is said where each setting is.
        defect: of a step's number: what the gradient is off by, in the directions, shape (K, settings).

    What grows beyond all numbers is inf or nan from there on.
    """
    K, S = steps.Z.shape[1], len(steps.A)
    outputs, moves = near.outputs, near.moves[..., :K]
    classes, rows, blocks = outputs.shape
    A, b = steps.A.astype(np.float32), steps.b.astype(np.float32)
    Z = [np.repeat(z.astype(np.float32)[:, None], S, 1) for z in steps.Z]
    wanted, losses, away = {*records}, [], []
    at: dict[int, NDArray[np.float64]] = {}
    flat = np.ascontiguousarray(moves).reshape(-1, K)
    with np.errstate(all="ignore"):
        for number in range(1, max((*records, *places)) + 1):
            batch = next(order)
            everything = len(batch) == rows
            J = flat if everything else moves[:, batch].reshape(-1, K)
            own = outputs if everything else outputs[:, batch]
            loss = near.loss if everything else near.loss.of(batch)
            z = (J @ Z[0]).reshape(classes, len(batch), blocks, S)
            z += own[..., None]
            gamma = J.T @ loss.gradient(z).reshape(-1, S)
            gamma /= np.float32(len(batch))
            if defect is not None:
                gamma += defect(number).astype(np.float32)
            Z = _stepped(steps, A, b, Z, gamma)
            if number in places:
                at[number] = Z[0].astype(np.float64)
            if number in wanted:
                z = (flat @ Z[0]).reshape(classes, rows, blocks, S)
                z += outputs[..., None]
                losses.append(near.loss.value(z))
                away.append(np.linalg.norm(Z[0].astype(np.float64), axis=0))
    return Simulated(np.array(losses).T, np.array(away).T, Z[0].astype(np.float64), at)


def slope(near: Linearised, c: NDArray[np.float64]) -> NDArray[np.float64]:
    """The gradient over all rows at some places, in the directions: shape (K, settings)."""
    K = len(c)
    flat = np.ascontiguousarray(near.moves[..., :K]).reshape(-1, K)
    with np.errstate(all="ignore"):
        z = (flat @ c.astype(np.float32)).reshape(*near.outputs.shape, c.shape[1])
        z += near.outputs[..., None]
        found = flat.T @ near.loss.gradient(z).reshape(-1, c.shape[1])
    return np.asarray(found / near.outputs.shape[1], dtype=np.float64)


def _stepped(
    steps: Steps,
    A: NDArray[np.float32],
    b: NDArray[np.float32],
    Z: list[NDArray[np.float32]],
    gamma: NDArray[np.float32],
) -> list[NDArray[np.float32]]:
    """One step of every setting."""
    if steps.pulls is not None:
        W, w = steps.pulls
        gamma = gamma + (W @ Z[0] + w[:, None]).astype(np.float32)
    new = []
    for i in range(len(Z)):
        row = gamma * b[:, i]
        for j, part in enumerate(Z):
            if A[:, i, j].any():
                row += part * A[:, i, j]
        new.append(row)
    if steps.decays is not None:
        D, d = steps.decays
        new[0] -= ((D @ Z[0] + d[:, None]) * steps.scale).astype(np.float32)
    return new
