"""Least squares in NumPy as a bridge: x is 0, each batch's rows are features with their label last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from polyak.models import Model


@dataclass
class OnRows:
    batch: np.ndarray
    splits: bool = True

    @property
    def rows(self) -> int:
        return len(self.batch)

    def gradient(self) -> np.ndarray:
        return -self.batch[:, :-1].T @ self.batch[:, -1] / self.rows

    def hessian(self, v: np.ndarray) -> np.ndarray:
        X = self.batch[:, :-1]
        return X.T @ (X @ v) / self.rows

    gauss_newton = hessian


@dataclass
class RowsOfSquares:
    """What a reading of a model's quadratic asks for."""

    loader: list[np.ndarray]
    name: str = "least squares"
    framework: str = "numpy"
    dtype: str = "float64"
    mode: str = ""

    @property
    def size(self) -> int:
        return self.loader[0].shape[1] - 1

    @property
    def first(self) -> np.ndarray:
        return self.loader[0]

    @property
    def total_rows(self) -> int:
        return sum(map(len, self.loader))

    def batches(self) -> Iterator[np.ndarray]:
        return iter(self.loader)

    def rows(self, batch: np.ndarray) -> int:
        return len(batch)

    @contextmanager
    def on(self, batch: np.ndarray) -> Iterator[OnRows]:
        yield OnRows(batch)

    def random(self, generator: np.random.Generator) -> np.ndarray:
        return generator.standard_normal(self.size)


def rows_of_squares(loader: list[np.ndarray]) -> Model:
    """The same as what `pk.model` makes."""
    return Model(RowsOfSquares(loader), 0.0, None)
