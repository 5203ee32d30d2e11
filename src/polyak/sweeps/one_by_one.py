"""Cells of a rule that cannot be traced: a run after the other, recorded as those side by side are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from polyak.sweeps.recording import Looks, Recording


class Run(NamedTuple):
    """What is seen of one run alone: as `Looks`, without an axis of lanes."""

    steps: np.ndarray
    values: np.ndarray
    finite: np.ndarray
    positions: np.ndarray | None = None
    beside: Mapping[str, np.ndarray] = MappingProxyType({})


def one_by_one(
    recording: Recording, values: Mapping[str, np.ndarray], alone: Callable[[dict[str, float]], Run]
) -> dict[str, np.ndarray]:
    """What is recorded of cells with these values, each of shape (cells,).

    Args:
        recording: what is kept.
        values: the settings of the cells.
        alone: runs one of them.
    """
    cells = []
    for numbers in zip(*values.values(), strict=True):
        run = alone({name: float(number) for name, number in zip(values, numbers, strict=True)})
        looks = Looks(
            jnp.asarray(run.steps),
            jnp.asarray(run.values)[:, None],
            jnp.asarray(run.finite)[:, None],
            recording.goal,
            None if run.positions is None else jnp.asarray(run.positions)[:, None],
            {name: jnp.asarray(series)[:, None] for name, series in run.beside.items()},
        )
        cells.append(recording.variables(recording.begun(looks), recording.series(looks)))
    return {name: np.concatenate([np.asarray(one[name]) for one in cells]) for name in cells[0]}
