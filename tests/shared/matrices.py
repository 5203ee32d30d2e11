"""Matrices as models: what is asked of a bridge, answered by a symmetric matrix for each batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyak.models import Model


class Dense:
    """A matrix by its products, in any library's arrays; it counts them."""

    def __init__(self, H: Any, dtype: str = "float64", xp: Any = np) -> None:
        self.H = xp.asarray(np.asarray(H, dtype=dtype))
        self.size, self.dtype, self.xp, self.products = len(H), dtype, xp, 0

    def __matmul__(self, v: Any, /) -> Any:
        self.products += 1
        return self.H @ v if self.H.ndim == 2 else self.H * v  # a diagonal one as a vector

    def random(self, generator: np.random.Generator, /) -> Any:
        return self.xp.asarray(generator.normal(size=self.size).astype(self.dtype))


@dataclass
class Batch:
    """The Hessian on a batch, or its diagonal, and how many rows the batch has."""

    H: np.ndarray
    rows: int


class MatrixBridge:
    """A quadratic of as many parameters as the matrices have rows, at its minimum."""

    framework, mode, name = "numpy", "", "quadratic"

    def __init__(
        self, batches: Sequence[Batch], names: Sequence[str] = (), sizes: Sequence[int] = ()
    ) -> None:
        self._batches, self.size = list(batches), len(batches[0].H)
        self.dtype = str(batches[0].H.dtype)
        self.names = tuple(names) or ("x",)
        self.shapes = tuple((size,) for size in sizes or (self.size,))
        self.entered, self.left, self.products = 0, 0, 0

    @property
    def first(self) -> Batch:
        return self._batches[0]

    @property
    def total_rows(self) -> int:
        return sum(batch.rows for batch in self._batches)

    def batches(self) -> Iterator[Batch]:
        yield from self._batches

    def rows(self, batch: Batch, /) -> int:
        return batch.rows

    @contextmanager
    def on(self, batch: Batch, /) -> Iterator[_MatrixLocal]:
        self.entered += 1
        try:
            yield _MatrixLocal(self, batch)
        finally:
            self.left += 1

    def random(self, generator: np.random.Generator, /) -> np.ndarray:
        return generator.normal(size=self.size).astype(self.dtype)


class _MatrixLocal:
    loss, splits = 0.0, True

    def __init__(self, bridge: MatrixBridge, batch: Batch) -> None:
        self._bridge, self._H, self.rows = bridge, batch.H, batch.rows

    def hessian(self, v: np.ndarray, /) -> np.ndarray:
        self._bridge.products += 1
        return self._H @ v if self._H.ndim == 2 else self._H * v

    gauss_newton = hessian


def matrix_model(*batches: Batch, names: Sequence[str] = (), sizes: Sequence[int] = ()) -> Model:
    """What `pk.model` would make of it."""
    bridge = MatrixBridge(batches, names, sizes)
    return Model(bridge, 0.0, bridge.total_rows)  # type: ignore[arg-type]
