"""A user's batches: any iterable of them, read again from its beginning where it can be, and how many rows each has."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from typing import Any

import numpy as np

from polyak.frameworks.bridge import Batch
from polyak.frameworks.generators import held_by, remembered, seeded
from polyak.ground.errors import PolyakError, a_or_an, whole_number
from polyak.ground.types import Pytree

INNER = ("sampler", "batch_sampler", "dataset")  # what a DataLoader has that may draw random numbers
Leaves = Callable[[Pytree], list[Any]]  # what lies in a batch: a framework knows its own nests


class Batches:
    """What was given as batches.

    Between two of them all generators are the user's own again, at the end of a reading as at its beginning: what a
    loader draws to shuffle by, it draws anew and the same in each reading.

    Args:
        loader: an iterable: a list, a DataLoader; or an iterator, which can be read once.
        leaves: what a batch is made of, a list.
        rows: rows(batch) -> how many rows it has; None for the length of the first axis of its arrays.

    Raises PolyakError for what is no iterable of batches.

    >>> batches = Batches([[1.0, 2.0], [3.0]], lambda batch: batch)
    >>> len(list(batches.read())), len(list(batches.read()))
    (2, 2)
    >>> once = Batches(iter([[1.0, 2.0]]), lambda batch: batch)
    >>> once.first, list(once.read())
    ([1.0, 2.0], [[1.0, 2.0]])
    >>> list(once.read())
    Traceback (most recent call last):
    ...
    polyak.PolyakError: the batches are a list_iterator, which can be read once, and are needed again: expected a list
    or a loader
    """

    def __init__(self, loader: object, leaves: Leaves, rows: Callable[[Batch], int] | None = None) -> None:
        self._loader = _iterable(loader)
        self._leaves, self._rows = leaves, rows
        self._once = isinstance(loader, Iterator)
        self._own = held_by(loader, *_inner(loader))
        self._peeked: list[Batch] = []  # of an iterator: what was read of it at the door
        self._spent = False
        self.first = self._first()

    def _first(self) -> Batch:
        """The first batch; of an iterator it is given again by its one reading."""
        reading = self._reading()
        try:
            batch = next(reading)
        except StopIteration:
            raise PolyakError(
                "the batches are empty, expected at least one: a loader with drop_last drops what is no whole batch"
            ) from None
        finally:
            reading.close()
        if self._once:
            self._peeked = [batch]
        return batch

    def read(self) -> Iterator[Batch]:
        """All of them, from the beginning."""
        if self._once:
            if self._spent:
                kind = type(self._loader).__name__
                raise PolyakError(
                    f"the batches are a {kind}, which can be read once, and are needed again: expected a list or a"
                    " loader"
                )
            self._spent = True
            yield from self._peeked
        yield from self._reading()

    def read_by_generators(self) -> Iterator[Batch]:
        """All of them, as a loop of the user's reads them: what is drawn is drawn by the shared generators as they
        stand, and by those that the loader holds, which are seeded by NumPy's; these are put back at the end.
        """
        back = remembered(self._own, shared=False)
        for each in self._own:
            seeded(each, int(np.random.randint(1 << 31)))
        try:
            with _workers_forked():
                yield from self._loader
        finally:
            back()

    def _reading(self) -> Generator[Batch]:
        iterator: Iterator[Batch] | None = None
        loaders = remembered(self._own)  # where the loader left the generators
        while True:
            users = remembered(self._own)
            loaders()
            try:
                with _workers_forked():
                    iterator = iter(self._loader) if iterator is None else iterator
                    batch = next(iterator)
            except StopIteration:
                return
            finally:
                loaders = remembered(self._own)
                users()
            yield batch

    def rows(self, batch: Batch) -> int:
        """How many rows a batch has.

        Raises PolyakError where its arrays do not agree on it, or there are none.
        """
        if self._rows is not None:
            return whole_number("rows(batch)", self._rows(batch), at_least=1)
        if (told := _rows_of_pair(batch)) is not None:
            return told
        leaves = (part for leaf in self._leaves(batch) for part in _spread(leaf))
        shapes = [tuple(leaf.shape) for leaf in leaves if getattr(leaf, "shape", ())]
        lengths = {int(shape[0]) for shape in shapes}
        if len(lengths) != 1 or 0 in lengths:
            shown = ", ".join(map(str, shapes[:4])) or "none"
            raise PolyakError(
                f"how many rows a batch has is not told by its arrays, of shapes {shown}: expected one length of their"
                " first axes, or pk.model(..., rows=) with a function of the batch"
            )
        return lengths.pop()

    @property
    def listed(self) -> bool:
        """Whether they were given one by one."""
        return isinstance(self._loader, list | tuple)

    @property
    def shuffles(self) -> bool:
        """Whether the user's own readings differ in their order: a list's never do, nor those of a loader that draws
        one row after the other.

        >>> Batches([[1.0], [2.0]], lambda batch: batch).shuffles
        False
        """
        sampler = getattr(self._loader, "sampler", None)
        return not isinstance(self._loader, list | tuple) and type(sampler).__name__ != "SequentialSampler"

    @property
    def total(self) -> int | None:
        """How many rows one reading has, where that is known without one."""
        if isinstance(self._loader, list | tuple):
            return sum(map(self.rows, self._loader))
        data, size = getattr(self._loader, "dataset", None), getattr(self._loader, "batch_size", None)
        if not isinstance(data, Sized) or not isinstance(size, int) or not isinstance(self._loader, Sized):
            return None
        kept = getattr(self._loader, "sampler", data)
        length = len(kept) if isinstance(kept, Sized) else len(data)
        return min(length, len(self._loader) * size)  # what is no whole batch may be dropped


@contextmanager
def _workers_forked() -> Iterator[None]:
    """JAX, which runs in this process, warns of forks; a loader's workers ask nothing of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="os.fork", category=RuntimeWarning)
        yield


def _iterable(loader: object) -> Iterable[Batch]:
    """What was given, if it is an iterable of batches."""
    if isinstance(loader, Mapping):
        raise PolyakError(
            "the batches are a dict, expected an iterable of batches: put one alone into a list"
        )
    if isinstance(loader, str | bytes) or not isinstance(loader, Iterable):
        raise PolyakError(
            f"the batches are {a_or_an(type(loader).__name__)}, expected an iterable of batches: a list, a loader"
        )
    if hasattr(loader, "shape"):
        raise PolyakError(
            f"the batches are one array of shape {tuple(loader.shape)}, expected an iterable of batches: put one alone"
            " into a list"
        )
    if isinstance(loader, tuple) and loader and all(hasattr(part, "shape") for part in loader):
        raise PolyakError(
            f"the batches are a tuple of {len(loader)} arrays, which looks like one batch: put it into a list"
        )
    return loader


def _rows_of_pair(batch: Batch) -> int | None:
    """The rows of inputs and targets, which a watch looks at at every step; None where the two do not tell them."""
    if type(batch) is not tuple or len(batch) != 2:
        return None
    lengths = {int(shape[0]) if (shape := getattr(part, "shape", ())) else 0 for part in batch}
    return lengths.pop() if len(lengths) == 1 and 0 not in lengths else None


def _spread(leaf: object) -> Iterator[Any]:
    """A leaf, or what is in it: of a mapping that is no dict, as tokenizers return, no framework knows the nest."""
    if isinstance(leaf, Mapping):
        for part in leaf.values():
            yield from _spread(part)
    else:
        yield leaf


def _inner(loader: object) -> list[object]:
    """What a loader draws by."""
    found = [getattr(loader, name, None) for name in INNER]
    return [*found, *(getattr(each, "sampler", None) for each in found)]
