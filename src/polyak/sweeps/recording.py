"""What a sweep keeps of each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from polyak.ground.errors import PolyakError, unknown
from polyak.sweeps.axes import finite_number

# What may be asked for, and the variable that it becomes; {} is loss or value.
VARIABLES = {
    "final": "final_{}",
    "best": "best_{}",
    "diverged_at": "diverged_at",
    "steps_to_target": "steps_to_target",
    "values": "{}",
    "positions": "position",
}
MEANINGS = {
    "final": "{} after the last step",
    "best": "lowest {} recorded",
    "diverged_at": "first recorded step that is not finite, -1 for none",
    "steps_to_target": "first recorded step at the target or below, -1 for none",
    "values": "{}",
    "positions": "x",
}
STEP_BY_STEP = ("best", "diverged_at", "steps_to_target", "values", "positions")


@dataclass(frozen=True)
class Recording:
    """What is kept of each cell.

    Attributes:
        names: which of `VARIABLES`, in their order.
        quantity: what is recorded, "loss" or "value".
        target: for the steps to a target accuracy; another one is the same recording, and compiles nothing.
    """

    names: tuple[str, ...]
    quantity: str
    target: float | None = field(default=None, compare=False)

    @classmethod
    def of(cls, record: str | Sequence[str], quantity: str, target: float | None) -> Recording:
        """Checked: names that are known, a target where one is needed and nowhere else."""
        if not isinstance(record, str | list | tuple | set):
            raise PolyakError(f"record is {record!r}, expected some of {', '.join(VARIABLES)}")
        asked = [record] if isinstance(record, str) else list(record)
        for name in asked:
            if not isinstance(name, str) or name not in VARIABLES:
                raise unknown("record", str(name), VARIABLES)
        if not asked:
            raise PolyakError(f"nothing is recorded, expected some of {', '.join(VARIABLES)}")
        if "positions" in asked and quantity == "loss":
            raise PolyakError("positions are recorded on landscapes; of a training, record values")
        if target is not None and "steps_to_target" not in asked:
            asked.append("steps_to_target")
        if target is None and "steps_to_target" in asked:
            raise PolyakError(f"steps_to_target needs a target, the {quantity} to reach")
        goal = None if target is None else finite_number("target", target)
        return cls(tuple(name for name in VARIABLES if name in asked), quantity, goal)

    @property
    def goal(self) -> float:
        """The target; where there is none, what every value reaches."""
        return np.inf if self.target is None else self.target

    @property
    def step_by_step(self) -> bool:
        """Whether more than the end must be looked at."""
        return any(name in STEP_BY_STEP for name in self.names)

    def variable(self, name: str) -> str:
        """The name of the variable that a record becomes."""
        return VARIABLES[name].format(self.quantity)

    def meaning(self, name: str) -> str:
        """What that variable is, in words."""
        return MEANINGS[name].format("loss over all the data" if self.quantity == "loss" else "f(x)")


class Summary(NamedTuple):
    """What is known of each lane so far, each of shape (lanes,)."""

    last: Any
    best: Any
    diverged_at: Any
    steps_to_target: Any


def begun(values: Any, finite: Any, target: Any) -> Summary:
    """The summary before the first step, of values of shape (lanes,)."""
    never = jnp.full(values.shape, -1, jnp.int32)
    nothing = Summary(values, jnp.full(values.shape, jnp.inf, values.dtype), never, never)
    return folded(nothing, values[None], finite[None], jnp.zeros(1, jnp.int32), target)


def folded(summary: Summary, values: Any, finite: Any, steps: Any, target: Any) -> Summary:
    """The summary with records of shape (records, lanes), taken after `steps` steps each, shape (records,)."""
    lowest = jnp.where(jnp.isnan(values), jnp.inf, values).min(axis=0)
    return Summary(
        values[-1],
        jnp.minimum(summary.best, lowest),
        _first(summary.diverged_at, ~finite, steps),
        _first(summary.steps_to_target, values <= target, steps),
    )


def _first(known: Any, holds: Any, steps: Any) -> Any:
    """The first step at which something holds: the one known already, or one of these; -1 for none."""
    new = jnp.where(holds.any(axis=0), steps[holds.argmax(axis=0)], -1)
    return jnp.where(known >= 0, known, new).astype(jnp.int32)


def recorded(
    recording: Recording, summary: Summary, values: Any = None, positions: Any = None
) -> dict[str, Any]:
    """The variables of the lanes: `values` and `positions` have a leading axis of records, moved behind the lanes."""
    found = {
        "final": summary.last,
        "best": summary.best,
        "diverged_at": summary.diverged_at,
        "steps_to_target": summary.steps_to_target,
        "values": values,
        "positions": positions,
    }
    return {
        recording.variable(name): jnp.moveaxis(found[name], 0, 1)
        if name in ("values", "positions")
        else found[name]
        for name in recording.names
    }
