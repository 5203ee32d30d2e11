"""What a sweep keeps of each cell: a row for each thing that can be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from polyak.ground.errors import PolyakError, unknown
from polyak.sweeps.axes import finite_number
from polyak.sweeps.lanes import ByLane


class Looks(NamedTuple):
    """What is seen of lanes at some steps.

    Attributes:
        steps: taken by then, shape (looks,).
        values: the loss or f(x), shape (looks, lanes).
        finite: whether those are finite, and x too, shape (looks, lanes).
        target: to reach, a number.
        positions: x on a landscape, shape (looks, lanes, dimension).
    """

    steps: jax.Array
    values: jax.Array
    finite: jax.Array
    target: jax.Array | float
    positions: jax.Array | None = None


@dataclass(frozen=True)
class Record:
    """One thing that can be kept of each cell: a number that is carried from look to look, or a series of all looks.

    Attributes:
        variable: the name that it has in a result; {} is loss or value.
        meaning: in words; {} is "loss over all the data" or "f(x)".
        fold: the number, shape (lanes,), from the one so far and new looks; None for a series.
        nothing: the number before the first look.
        series: what each look adds to a series; None for a number.
        dims: behind the plane's, of a series.
        whole: whether the number is a whole one, an int32.
        of_every_step: whether more than the end must be looked at.
    """

    variable: str
    meaning: str
    fold: Callable[[jax.Array, Looks], jax.Array] | None = None
    nothing: float = np.nan
    series: Callable[[Looks], jax.Array | None] | None = None
    dims: tuple[str, ...] = ()
    whole: bool = False
    of_every_step: bool = True


def _lowest(so_far: jax.Array, looks: Looks) -> jax.Array:
    lowest = jnp.where(jnp.isnan(looks.values), jnp.inf, looks.values).min(axis=0)
    return jnp.minimum(so_far, lowest)


def _first(so_far: jax.Array, holds: jax.Array, steps: jax.Array) -> jax.Array:
    """The first step at which something holds: the one so far, or one of these; -1 for none."""
    new = jnp.where(holds.any(axis=0), steps[holds.argmax(axis=0)], -1)
    return jnp.where(so_far >= 0, so_far, new).astype(jnp.int32)


# By the names that they are asked for, in the order of a result. A new thing to keep is one more row.
RECORDS = {
    "final": Record(
        "final_{}", "{} after the last step", fold=lambda _, looks: looks.values[-1], of_every_step=False
    ),
    "best": Record("best_{}", "lowest {} recorded", fold=_lowest, nothing=np.inf),
    "diverged_at": Record(
        "diverged_at",
        "first recorded step that is not finite, -1 for none",
        fold=lambda so_far, looks: _first(so_far, ~looks.finite, looks.steps),
        nothing=-1,
        whole=True,
    ),
    "steps_to_target": Record(
        "steps_to_target",
        "first recorded step at the target or below, -1 for none",
        fold=lambda so_far, looks: _first(so_far, looks.values <= looks.target, looks.steps),
        nothing=-1,
        whole=True,
    ),
    "values": Record("{}", "{}", series=lambda looks: looks.values, dims=("step",)),
    "positions": Record("position", "x", series=lambda looks: looks.positions, dims=("step", "coordinate")),
}


@dataclass(frozen=True)
class Recording:
    """What is kept of each cell.

    Attributes:
        names: which of `RECORDS`, in their order.
        quantity: what a value is: "value" on a landscape, "loss" of a training.
        target: a value to reach, None where that is not recorded. A number: it compiles nothing anew.
    """

    names: tuple[str, ...]
    quantity: str
    target: float | None = field(default=None, compare=False)

    @classmethod
    def of(cls, record: str | Iterable[str], quantity: str, target: float | None) -> Recording:
        """Checked: names that are known, a target where one is needed and nowhere else."""
        asked = _checked_names(record)
        if "positions" in asked and quantity == "loss":
            raise PolyakError("positions are recorded on landscapes; of a training, record values")
        if target is None:
            if "steps_to_target" in asked:
                raise PolyakError(f"steps_to_target needs a target, the {quantity} to reach")
            goal = None
        else:
            goal = finite_number("target", target)
            asked = [*asked, "steps_to_target"]
        return cls(tuple(name for name in RECORDS if name in asked), quantity, goal)

    @property
    def goal(self) -> float:
        """The target; where there is none, what every value reaches."""
        return np.inf if self.target is None else self.target

    @property
    def step_by_step(self) -> bool:
        """Whether more than the end must be looked at."""
        return any(RECORDS[name].of_every_step for name in self.names)

    def variable(self, name: str) -> str:
        """The name of the variable that a record becomes."""
        return RECORDS[name].variable.format(self.quantity)

    def meaning(self, name: str) -> str:
        """What that variable is, in words."""
        return RECORDS[name].meaning.format("loss over all the data" if self.quantity == "loss" else "f(x)")

    def begun(self, looks: Looks) -> ByLane:
        """The numbers of the lanes after the first look."""
        first = looks.values[0]
        nothing = {
            name: jnp.full(
                first.shape, RECORDS[name].nothing, jnp.int32 if RECORDS[name].whole else first.dtype
            )
            for name in self.names
            if RECORDS[name].fold is not None
        }
        return self.folded(nothing, looks)

    def folded(self, kept: ByLane, looks: Looks) -> ByLane:
        """The numbers of the lanes with more looks at them."""
        return {name: fold(kept[name], looks) for name in kept if (fold := RECORDS[name].fold) is not None}

    def series(self, looks: Looks) -> ByLane:
        """What these looks add to the series that are kept, each of shape (looks, lanes, ...)."""
        added = {name: each(looks) for name in self.names if (each := RECORDS[name].series) is not None}
        return {name: array for name, array in added.items() if array is not None}

    def variables(self, kept: ByLane, series: ByLane) -> ByLane:
        """The variables of a result from what was kept, the lanes' axis first."""
        by_lane = {name: jnp.moveaxis(array, 0, 1) for name, array in series.items()}
        return {self.variable(name): {**kept, **by_lane}[name] for name in self.names}


def _checked_names(record: str | Iterable[str]) -> Sequence[str]:
    if not isinstance(record, str | list | tuple | set):
        raise PolyakError(f"record is {record!r}, expected some of {', '.join(RECORDS)}")
    asked = [record] if isinstance(record, str) else list(record)
    for name in asked:
        if not isinstance(name, str) or name not in RECORDS:
            raise unknown("record", str(name), RECORDS)
    if not asked:
        raise PolyakError(f"nothing is recorded, expected some of {', '.join(RECORDS)}")
    return asked
