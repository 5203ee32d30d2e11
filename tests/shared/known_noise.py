"""A model whose gradient is known row by row: the loss of a row is |x|^2 / 2 - row . x, looked at in x = 0."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from polyak.models import Model


@dataclass
class OneBatch:
    batch: np.ndarray

    @property
    def rows(self) -> int:
        return len(self.batch)

    def gradient(self) -> np.ndarray:
        return -self.batch.mean(0)


@dataclass
class KnownNoise:
    """A bridge with what a reading of the noise asks for: batches, and the gradient on each."""

    loader: list[np.ndarray]
    name: str = "known"
    read: int = 0

    def batches(self) -> Iterator[np.ndarray]:
        for batch in self.loader:
            self.read += 1
            yield batch

    def rows(self, batch: np.ndarray) -> int:
        return len(batch)

    @contextmanager
    def on(self, batch: np.ndarray) -> Iterator[OneBatch]:
        yield OneBatch(batch)


def known(loader: list[np.ndarray]) -> Model:
    """The same as what `pk.model` makes."""
    return Model(KnownNoise(loader), 0.0, None)
