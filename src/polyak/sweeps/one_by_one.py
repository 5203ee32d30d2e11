"""Cells that are run one after the other, recorded as those side by side are: of a rule that cannot be traced, of a
model that JAX does not compile. What ends one of them, an exception or a lack of memory, is kept as its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from polyak.sweeps.recording import Looks, Recording

REASON, LONGEST = "reason", 160
DIVERGED = "not finite from step"  # of a run that came to its end, and is as good as none
WORDS = f"<U{LONGEST}"  # of a reason, in a result and in a store


class Run(NamedTuple):
    """What is seen of one run alone: as `Looks`, without an axis of lanes."""

    steps: np.ndarray
    values: np.ndarray
    finite: np.ndarray
    positions: np.ndarray | None = None
    beside: Mapping[str, np.ndarray] = MappingProxyType({})


def one_by_one(
    recording: Recording,
    values: Mapping[str, np.ndarray],
    alone: Callable[[dict[str, float]], Run],
    sizes: Mapping[str, int],
    dtype: str,
) -> dict[str, np.ndarray]:
    """What is recorded of cells with these values, each of shape (cells,), and why those ended that did.

    Args:
        recording: what is kept.
        values: the settings of the cells.
        alone: runs one of them.
        sizes: of the dimensions behind the plane's.
        dtype: of numbers that are no whole ones.
    """
    cells = []
    for numbers in zip(*values.values(), strict=True):
        settings = {name: float(number) for name, number in zip(values, numbers, strict=True)}
        try:
            run = alone(settings)
        except Exception as error:
            cells.append(dead(recording, sizes, dtype, in_a_line(error)))
        else:
            cells.append({**_recorded(recording, run), REASON: np.array([_not_finite(run)], WORDS)})
    return {name: np.concatenate([np.asarray(one[name]) for one in cells]) for name in cells[0]}


def dead(recording: Recording, sizes: Mapping[str, int], dtype: str, reason: str) -> dict[str, np.ndarray]:
    """What is recorded of a cell that did not come to its end: nothing but why."""
    found = {}
    for name, (record, _) in recording.kept.items():
        shape = (1, *(sizes[dim] for dim in record.dims))
        found[name] = np.full(shape, -1, np.int32) if record.whole else np.full(shape, np.nan, dtype)
    return {**found, REASON: np.array([reason], WORDS)}


def after_its_end(found: Mapping[str, np.ndarray], cells: int) -> np.ndarray:
    """Why runs side by side are as good as none that came to their end, where it is recorded when they diverged.

    >>> after_its_end({"diverged_at": np.array([-1, 40])}, 2).tolist()
    ['', 'not finite from step 40 on']
    """
    diverged = found.get("diverged_at", np.full(cells, -1))
    return np.array(["" if step < 0 else f"{DIVERGED} {step} on" for step in diverged], WORDS)


def in_a_line(error: BaseException) -> str:
    """What was raised, in so many letters.

    >>> in_a_line(MemoryError()), in_a_line(ValueError("no such\\nthing"))
    ('MemoryError', 'ValueError: no such')
    """
    first = next(iter(str(error).strip().splitlines()), "")
    kind = "" if type(error).__name__ == "PolyakError" and first else type(error).__name__
    return ": ".join(filter(None, (kind, first)))[:LONGEST]


def _not_finite(run: Run) -> str:
    """Why a run that came to its end is as good as none."""
    if run.finite.all():
        return ""
    return f"{DIVERGED} {int(run.steps[np.argmin(run.finite)])} on"


def _recorded(recording: Recording, run: Run) -> dict[str, np.ndarray]:
    looks = Looks(
        jnp.asarray(run.steps),
        jnp.asarray(run.values)[:, None],
        jnp.asarray(run.finite)[:, None],
        recording.goal,
        None if run.positions is None else jnp.asarray(run.positions)[:, None],
        {name: jnp.asarray(series)[:, None] for name, series in run.beside.items()},
    )
    found = recording.variables(recording.begun(looks), recording.series(looks))
    return {name: np.asarray(array) for name, array in found.items()}
