"""Data sets of rows, and batches of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx import nd
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.creation import array
from polyak.book.gluonbook.mx.random import generator
from polyak.book.gluonbook.mx.values import Numbers
from polyak.ground.errors import PolyakError, unknown, whole_number

__all__ = ["ArrayDataset", "DataLoader", "Dataset", "SimpleDataset"]

Entry: TypeAlias = Any
"""What a data set holds in one place: a row, a number, a tuple of them."""
Rows: TypeAlias = "NDArray | Numbers | Sequence[Entry]"
Batch: TypeAlias = "NDArray | list[Batch]"
LAST_BATCH = ("keep", "discard", "rollover")


class Dataset:
    """The base of data sets: `ds[k]` and `len(ds)`."""

    def __getitem__(self, k: int) -> Entry:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def transform(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """The same data, each entry passed through a function: when it is asked for, or all of them now."""
        made = Transformed(self, fn)
        return made if lazy else SimpleDataset([made[k] for k in range(len(made))])

    def transform_first(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """The same data, the first part of each entry passed through a function."""

        def first_only(first: Entry, *rest: Entry) -> Entry:
            return (fn(first), *rest) if rest else fn(first)

        return self.transform(first_only, lazy)


class SimpleDataset(Dataset):
    """A list as a data set."""

    def __init__(self, data: Sequence[Entry]) -> None:
        self._data = data

    def __getitem__(self, k: int) -> Entry:
        return self._data[k]

    def __len__(self) -> int:
        return len(self._data)


class Transformed(Dataset):
    """Another data set, each entry passed through a function when it is asked for."""

    def __init__(self, data: Dataset, fn: Callable[..., Any]) -> None:
        self._data, self._fn = data, fn

    def __getitem__(self, k: int) -> Entry:
        entry = self._data[k]
        return self._fn(*entry) if isinstance(entry, tuple) else self._fn(entry)

    def __len__(self) -> int:
        return len(self._data)


class ArrayDataset(Dataset):
    """Arrays of as many rows each; an entry is a row of each.

    >>> ds = ArrayDataset(nd.array([[1, 2], [3, 4]]), nd.array([5, 6]))
    >>> len(ds), ds[1][1]
    (2, np.float32(6.0))
    """

    def __init__(self, *arrays: Rows) -> None:
        if not arrays:
            raise PolyakError("ArrayDataset is given no array, expected at least one")
        lengths = [len(array) for array in arrays]
        if len(set(lengths)) != 1:
            raise PolyakError(f"ArrayDataset is given arrays of {lengths} rows, expected as many in each")
        # One number a row is a number, not an array of one.
        self.parts = [
            array.asnumpy() if isinstance(array, NDArray) and len(array.shape) == 1 else array
            for array in arrays
        ]

    def __getitem__(self, k: int) -> Entry:
        entry = tuple(part[k] for part in self.parts)
        return entry if len(entry) > 1 else entry[0]

    def __len__(self) -> int:
        return len(self.parts[0])


class DataLoader:
    """Batches of a data set, in a new order each time if asked to.

    Args:
        dataset: anything with `[k]` and `len`.
        batch_size: rows in a batch.
        shuffle: whether each pass takes the rows in an order of its own.
        last_batch: what becomes of a last batch that is too small: keep, discard, or rollover to the next pass.

    How many workers there are and where memory is pinned is taken and changes nothing.
    """

    def __init__(
        self,
        dataset: Dataset | Sequence[Entry],
        batch_size: int,
        shuffle: bool = False,
        sampler: Iterable[int] | None = None,
        last_batch: str | None = None,
        **_: object,
    ) -> None:
        if (last_batch or "keep") not in LAST_BATCH:
            raise unknown("last_batch", str(last_batch), LAST_BATCH)
        self.dataset, self.shuffle, self.sampler = dataset, shuffle, sampler
        self.batch_size = whole_number("batch_size", batch_size, at_least=1)
        self.last_batch = last_batch or "keep"
        self._left: list[int] = []

    def __iter__(self) -> Iterator[Batch]:
        batches = list(self._rows())
        if batches and len(batches[-1]) < self.batch_size and self.last_batch != "keep":
            left = batches.pop()
            self._left = left if self.last_batch == "rollover" else []
        return map(self._batch, batches)

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset) + len(self._left), self.batch_size)
        return full + (rest > 0 and self.last_batch == "keep")

    def _rows(self) -> Iterator[list[int]]:
        order = list(range(len(self.dataset)) if self.sampler is None else self.sampler)
        if self.shuffle:
            order = generator().permutation(order).tolist()
        order, self._left = self._left + order, []
        for begin in range(0, len(order), self.batch_size):
            yield order[begin : begin + self.batch_size]

    def _batch(self, rows: list[int]) -> Batch:
        if isinstance(self.dataset, ArrayDataset):
            parts = [_taken(part, rows) for part in self.dataset.parts]
            return parts if len(parts) > 1 else parts[0]
        return _stacked([self.dataset[k] for k in rows])


def _taken(part: Rows, rows: list[int]) -> Batch:
    """Some rows of an array, or of a list."""
    if isinstance(part, NDArray | np.ndarray):
        return NDArray((part.value if isinstance(part, NDArray) else part)[rows])
    return _stacked([part[k] for k in rows])


def _stacked(entries: list[Any]) -> Batch:
    """Entries of one kind as one array; of tuples, an array for each place."""
    if isinstance(entries[0], tuple):
        return [_stacked(list(place)) for place in zip(*entries, strict=True)]
    if isinstance(entries[0], NDArray):
        return nd.stack(*entries)
    return array(np.asarray(entries), dtype=np.asarray(entries).dtype)


def __getattr__(name: str) -> object:
    if name == "vision":
        return importlib.import_module("polyak.book.gluonbook.mx.gluon.vision")
    raise AttributeError(absent("mxnet.gluon.data", name, __all__))
