"""The rows that a forecast reads: some of the user's batches, joined to few large ones where that changes nothing.

A network's products cost as much on a batch of 50 rows as on one of 200, so that what can be joined is. It cannot
where batches are nested in ways that are not known here, where their rows differ in length, and where rows of a batch
know of one another (batch norm in train mode): that is found out on the first two.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from polyak.frameworks.bridge import Batch, Bridge
from polyak.ground.numbers import alike
from polyak.theory.enough_rows import Rows

TOGETHER = 2048  # rows of a joined batch at most


@dataclass(frozen=True, eq=False)
class Pieces:
    """What is read, in the order in which it was read.

    Attributes:
        batches: as the user's loader gave them.
        counts: rows of each.
        joined: the same rows in fewer pieces.
        sizes: rows of each of these.
        rows: of all.
        of: how many rows there are, None where that is not known.
        batch_size: rows of the first batch.
    """

    batches: tuple[Batch, ...]
    counts: tuple[int, ...]
    joined: tuple[Batch, ...]
    sizes: tuple[int, ...]
    of: int | None

    @property
    def rows(self) -> int:
        """How many rows are read."""
        return sum(self.counts)

    @property
    def batch_size(self) -> int:
        """Of the first batch."""
        return self.counts[0]

    def loss(self, bridge: Bridge) -> float:
        """The mean over all rows, at the parameters that the model has now."""
        pairs = zip(self.joined, self.sizes, strict=True)
        return sum(_loss(bridge, batch) * size / self.rows for batch, size in pairs)


def pieces(bridge: Bridge, rows: int) -> Pieces:
    """So many rows of a model's batches at least, where there are as many."""
    with closing(Rows(bridge)) as read:
        read.use(rows)
        batches = tuple(read.used)
        of = read.count if read.all else bridge.total_rows
    counts = tuple(map(bridge.rows, batches))
    joined = _joined(bridge, batches, counts)
    return Pieces(batches, counts, joined, tuple(map(bridge.rows, joined)), of)


def _joined(bridge: Bridge, batches: tuple[Batch, ...], counts: tuple[int, ...]) -> tuple[Batch, ...]:
    if len(batches) == 1 or not _joins(bridge, batches[:2], counts[:2]):
        return batches
    groups: list[list[Batch]] = [[]]
    filled = 0
    for batch, count in zip(batches, counts, strict=True):
        if groups[-1] and filled + count > TOGETHER:
            groups.append([])
            filled = 0
        groups[-1].append(batch)
        filled += count
    found = [join(group) for group in groups]
    return batches if any(each is None for each in found) else tuple(found)


def _joins(bridge: Bridge, two: Sequence[Batch], counts: Sequence[int]) -> bool:
    """Whether two batches together have the mean of their losses."""
    both = join(two)
    if both is None or bridge.rows(both) != sum(counts):
        return False
    losses = [_loss(bridge, batch) for batch in (*two, both)]
    mean = float(np.average(losses[:2], weights=counts))
    return alike(losses[2], mean)


def _loss(bridge: Bridge, batch: Batch) -> float:
    with bridge.on(batch) as local:
        return local.loss


def join(batches: Sequence[Batch]) -> Batch | None:
    """Several batches as one, array by array along the first axis; None where that cannot be done.

    >>> join([(np.zeros((2, 3)), {"y": np.ones(2)}), (np.zeros((1, 3)), {"y": np.ones(1)})])[1]["y"].shape
    (3,)
    >>> join([(np.zeros((2, 3)),), (np.zeros((2, 4)),)]) is None
    True
    """
    first = batches[0]
    if any(type(each) is not type(first) for each in batches):
        return None
    if type(first) in (tuple, list):
        return _joined_by_place(batches)
    if type(first) is dict:
        return _joined_by_name(batches)
    return _stacked(batches)


def _joined_by_place(batches: Sequence[Batch]) -> Batch | None:
    """Tuples or lists of the same length as one."""
    if len({len(each) for each in batches}) != 1:
        return None
    parts = [join(each) for each in zip(*batches, strict=True)]
    return None if any(part is None for part in parts) else type(batches[0])(parts)


def _joined_by_name(batches: Sequence[Batch]) -> Batch | None:
    """Dicts of the same keys as one."""
    first = batches[0]
    if any(each.keys() != first.keys() for each in batches):
        return None
    named = {key: join([each[key] for each in batches]) for key in first}
    return None if any(part is None for part in named.values()) else named


def _stacked(arrays: Sequence[Any]) -> Any | None:  # noqa: ANN401 - any library's arrays
    if not all(array_api_compat.is_array_api_obj(each) and each.ndim for each in arrays):
        return None
    if len({(tuple(each.shape[1:]), str(each.dtype)) for each in arrays}) != 1:
        return None
    if array_api_compat.is_jax_array(arrays[0]):
        return np.concatenate([np.asarray(each) for each in arrays])  # compiles nothing
    return array_api_compat.array_namespace(*arrays).concat(list(arrays))
