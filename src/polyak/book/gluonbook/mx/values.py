"""What operations compute with, and which library computes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyak.rules.pages.handles import ArrayHandle, raw


def plain(value: Any) -> Any:
    """What an operation computes with: an array, or a Python number, which takes the dtype of its company."""
    value = raw(value)
    return value.item() if isinstance(value, np.generic) else value


def index(key: Any) -> Any:
    """What NumPy understands for an index that may hold arrays and lists of whole numbers in float32."""
    if isinstance(key, tuple):
        return tuple(map(index, key))
    if isinstance(key, list | ArrayHandle):
        return np.asarray(raw(key)).astype(int)
    return key


def library(values: tuple[Any, ...]) -> Any:
    """NumPy, or JAX's NumPy if any of the values is traced or JAX's."""
    if all(isinstance(value, np.ndarray | float | int) for value in values):
        return np
    import jax.numpy as jnp

    return jnp
