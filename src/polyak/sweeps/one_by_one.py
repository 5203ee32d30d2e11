"""Cells of a rule that cannot be traced: a run after the other, recorded as those side by side are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from polyak.sweeps.recording import Recording, begun, folded, recorded


class Run(NamedTuple):
    """One run alone: what was seen of it, whether that was finite, where it stood, each at `steps`."""

    seen: Any
    finite: Any
    positions: Any
    steps: Any


def one_by_one(
    recording: Recording, values: Mapping[str, Any], alone: Callable[[dict[str, float]], Run]
) -> dict[str, Any]:
    """What is recorded of cells with these values, each of shape (cells,), `alone` running one of them."""
    found = []
    for numbers in zip(*values.values(), strict=True):
        run = alone({name: float(number) for name, number in zip(values, numbers, strict=True)})
        seen, finite, positions = (jnp.asarray(array)[:, None] for array in run[:3])
        summary = begun(seen[0], finite[0], recording.goal)
        summary = folded(summary, seen[1:], finite[1:], jnp.asarray(run.steps[1:]), recording.goal)
        found.append(recorded(recording, summary, seen, positions))
    return {name: np.concatenate([np.asarray(one[name]) for one in found]) for name in found[0]}
