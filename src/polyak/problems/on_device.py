"""A problem's rows where JAX computes."""

from __future__ import annotations

from functools import lru_cache

import jax

from polyak.data import Data
from polyak.problems.problem import Problem

Rows = tuple[jax.Array, jax.Array]  # features and labels


@lru_cache(maxsize=8)
def on_device(problem: Problem, dtype: str) -> tuple[Rows, Rows]:
    """The rows to draw batches from, and those to take the recorded losses over.

    To be called where JAX computes in that precision.
    """

    def put(data: Data) -> Rows:
        # Converted by NumPy and put there as it is: JAX would compile the conversion.
        return jax.device_put(data.features.astype(dtype)), jax.device_put(data.labels.astype(dtype))

    rows = put(problem.data)
    return rows, rows if problem.whole is None else put(problem.whole)
