"""Random numbers as the old pages draw them: NumPy's, from one generator that `seed` sets.

It starts at the same seed in every session, so that a page that is read twice shows the same numbers.
"""

from __future__ import annotations

import numpy as np

from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.context import Device, check
from polyak.book.gluonbook.mx.values import DType, Numbers, Operand, Shape, plain

_generator = [np.random.default_rng(0)]


def generator() -> np.random.Generator:
    """What every random number of these pages comes from."""
    return _generator[0]


def seed(seed_state: int, ctx: Device | str = "all") -> None:
    """Begin the random numbers anew, at a seed.

    >>> seed(3)
    >>> first = uniform(shape=2)
    >>> seed(3)
    >>> bool((uniform(shape=2) == first).sum() == 2)
    True
    """
    _generator[0] = np.random.default_rng(seed_state)


def _drawn(values: Numbers | float, dtype: DType, ctx: Device) -> NDArray:
    check(ctx)
    return NDArray(np.asarray(values).astype(dtype or "float32"))


def normal(
    loc: Operand = 0.0,
    scale: Operand = 1.0,
    shape: Shape = (1,),
    dtype: DType = None,
    ctx: Device = None,
    **_: object,
) -> NDArray:
    """Normal numbers of mean `loc` and standard deviation `scale`."""
    return _drawn(generator().normal(plain(loc), plain(scale), shape), dtype, ctx)


def randn(
    *shape: int, loc: float = 0.0, scale: float = 1.0, dtype: DType = None, ctx: Device = None
) -> NDArray:
    """Normal numbers, the shape first."""
    return normal(loc, scale, shape or (1,), dtype, ctx)


def uniform(
    low: Operand = 0.0,
    high: Operand = 1.0,
    shape: Shape = (1,),
    dtype: DType = None,
    ctx: Device = None,
    **_: object,
) -> NDArray:
    """Numbers from `low` up to `high`, each as likely as the other."""
    return _drawn(generator().uniform(plain(low), plain(high), shape), dtype, ctx)


def randint(
    low: int, high: int, shape: Shape = (1,), dtype: DType = None, ctx: Device = None, **_: object
) -> NDArray:
    """Whole numbers from `low` up to, but not, `high`."""
    return _drawn(generator().integers(low, high, shape), dtype or "int32", ctx)


def shuffle(data: NDArray, **_: object) -> NDArray:
    """The rows in another order."""
    return NDArray(generator().permutation(data.value))
