"""Which precision a run computes in, and how it is switched on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import cast

from polyak.ground.errors import unknown

DTYPES = ("float64", "float32")


def checked_dtype(dtype: object) -> str:
    """A precision's name, if it is one.

    >>> checked_dtype("float32")
    'float32'
    >>> checked_dtype("flaot64")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown dtype 'flaot64', did you mean 'float64'? (there are: float64, float32)
    """
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise unknown("dtype", str(dtype), DTYPES)
    return dtype


def in_precision(dtype: str) -> AbstractContextManager[None]:
    """`with in_precision("float64"):` JAX computes in float64 inside; in float32 it does so without being told."""
    import jax

    return cast("AbstractContextManager[None]", jax.enable_x64(dtype == "float64"))
