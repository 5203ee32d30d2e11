"""A task's rows where JAX computes."""

from __future__ import annotations

from functools import lru_cache

import jax

from polyak.problems.task import Rows, Task


@lru_cache(maxsize=8)
def on_device(task: Task, dtype: str) -> Rows:
    """The rows to draw batches from, those to take the recorded losses over, and those held out; NumPy's arrays as they
    are for a task that JAX does not compile.

    To be called where JAX computes in that precision.
    """
    # Converted by NumPy and put there as they are: JAX would compile the conversion.
    arrays = task.arrays(dtype)
    if not task.compiled:
        return arrays
    drawn = jax.device_put(arrays.drawn)
    whole = drawn if arrays.whole is arrays.drawn else jax.device_put(arrays.whole)
    return Rows(drawn, whole, jax.device_put(arrays.held_out))
