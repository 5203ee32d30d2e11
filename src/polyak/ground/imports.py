"""An import that leaves the user's random numbers alone: JAX draws some of NumPy's while it is imported (0.10)."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def drawing_nothing() -> Iterator[None]:
    """What is imported inside may draw from Python's and NumPy's generators: they are put back.

    >>> random.seed(0)
    >>> with drawing_nothing():
    ...     _ = random.random()
    >>> round(random.random(), 6)
    0.844422
    """
    numpy = sys.modules.get("numpy")  # if it is not in use yet, nobody has drawn from it
    python, kept = random.getstate(), None if numpy is None else numpy.random.get_state(legacy=False)
    try:
        yield
    finally:
        random.setstate(python)
        if numpy is not None:
            numpy.random.set_state(kept)
