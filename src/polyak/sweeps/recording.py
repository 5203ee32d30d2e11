"""What a sweep keeps of each cell: a row for each thing that can be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from polyak.ground.errors import PolyakError, unknown
from polyak.run.evaluation import HELD_OUT
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
        beside: what else is seen, by name, each of shape (looks, lanes): the loss over rows held out, a measure.
    """

    steps: jax.Array
    values: jax.Array
    finite: jax.Array
    target: jax.Array | float
    positions: jax.Array | None = None
    beside: Mapping[str, jax.Array] = MappingProxyType({})

    def of(self, quantity: str) -> Looks:
        """The same with another quantity in the values' place."""
        return self._replace(values=self.beside[quantity]) if quantity in self.beside else self


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
        of_each: whether it is kept of what is seen beside the loss too.
        fold_higher: the number where larger is better; None where that is the same.
    """

    variable: str
    meaning: str
    fold: Callable[[jax.Array, Looks], jax.Array] | None = None
    nothing: float = np.nan
    series: Callable[[Looks], jax.Array | None] | None = None
    dims: tuple[str, ...] = ()
    whole: bool = False
    of_every_step: bool = True
    of_each: bool = False
    fold_higher: Callable[[jax.Array, Looks], jax.Array] | None = None


def _lowest(so_far: jax.Array, looks: Looks) -> jax.Array:
    lowest = jnp.where(jnp.isnan(looks.values), jnp.inf, looks.values).min(axis=0)
    return jnp.minimum(so_far, lowest)


def _highest(so_far: jax.Array, looks: Looks) -> jax.Array:
    highest = jnp.where(jnp.isnan(looks.values), -jnp.inf, looks.values).max(axis=0)
    return jnp.maximum(so_far, highest)


def _first(so_far: jax.Array, holds: jax.Array, steps: jax.Array) -> jax.Array:
    """The first step at which something holds: the one so far, or one of these; -1 for none."""
    new = jnp.where(holds.any(axis=0), steps[holds.argmax(axis=0)], -1)
    return jnp.where(so_far >= 0, so_far, new).astype(jnp.int32)


# By the names that they are asked for, in the order of a result. A new thing to keep is one more row.
RECORDS = {
    "final": Record(
        "final_{}",
        "{} after the last step",
        fold=lambda _, looks: looks.values[-1],
        of_every_step=False,
        of_each=True,
    ),
    "best": Record(
        "best_{}", "best {} recorded", fold=_lowest, nothing=np.inf, of_each=True, fold_higher=_highest
    ),
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
    "values": Record("{}", "{}", series=lambda looks: looks.values, dims=("step",), of_each=True),
    "positions": Record("position", "x", series=lambda looks: looks.positions, dims=("step", "coordinate")),
}


class Kept(NamedTuple):
    """A variable of a result: what is kept, and of which quantity."""

    record: Record
    quantity: str


@dataclass(frozen=True)
class Recording:
    """What is kept of each cell.

    Attributes:
        names: which of `RECORDS`, in their order.
        quantity: what a value is: "value" on a landscape, "loss" of a training.
        target: a value to reach, None where that is not recorded. A number: it compiles nothing anew.
        beside: what else is seen of a training: "held_out_loss" where rows are held out, a measure's name.
        held_out: how many rows are held out, for words.
    """

    names: tuple[str, ...]
    quantity: str
    target: float | None = field(default=None, compare=False)
    beside: tuple[str, ...] = ()
    held_out: int = field(default=0, compare=False)

    @classmethod
    def of(
        cls,
        record: str | Iterable[str],
        quantity: str,
        target: float | None,
        beside: tuple[str, ...] = (),
        held_out: int = 0,
    ) -> Recording:
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
        return cls(tuple(name for name in RECORDS if name in asked), quantity, goal, beside, held_out)

    @property
    def goal(self) -> float:
        """The target; where there is none, what every value reaches."""
        return np.inf if self.target is None else self.target

    @property
    def step_by_step(self) -> bool:
        """Whether more than the end must be looked at."""
        return any(RECORDS[name].of_every_step for name in self.names)

    @property
    def kept(self) -> dict[str, Kept]:
        """The variables that a result has, by their names in it."""
        return {
            record.variable.format(quantity): Kept(record, quantity)
            for record in (RECORDS[name] for name in self.names)
            for quantity in (self.quantity, *(self.beside if record.of_each else ()))
        }

    def meaning(self, variable: str) -> str:
        """What a variable is, in words."""
        record, quantity = self.kept[variable]
        of = {
            "loss": "loss over all the rows trained on" if self.held_out else "loss over all the data",
            "value": "f(x)",
            HELD_OUT: f"loss over {self.held_out} rows held out",
        }
        return record.meaning.format(of.get(quantity, quantity.replace("_", " ")))

    def begun(self, looks: Looks) -> ByLane:
        """The numbers of the lanes after the first look."""
        first = looks.values[0]
        nothing = {
            name: jnp.full(
                first.shape,
                -record.nothing if self._higher(Kept(record, quantity)) else record.nothing,
                jnp.int32 if record.whole else first.dtype,
            )
            for name, (record, quantity) in self.kept.items()
            if record.fold is not None
        }
        return self.folded(nothing, looks)

    def folded(self, so_far: ByLane, looks: Looks) -> ByLane:
        """The numbers of the lanes with more looks at them."""
        kept = self.kept
        return {name: self._fold(kept[name])(so_far[name], looks.of(kept[name].quantity)) for name in so_far}

    def series(self, looks: Looks) -> ByLane:
        """What these looks add to the series that are kept, each of shape (looks, lanes, ...)."""
        added = {
            name: record.series(looks.of(quantity))
            for name, (record, quantity) in self.kept.items()
            if record.series is not None
        }
        return {name: array for name, array in added.items() if array is not None}

    def variables(self, kept: ByLane, series: ByLane) -> ByLane:
        """The variables of a result from what was kept, the lanes' axis first."""
        by_lane = {name: jnp.moveaxis(array, 0, 1) for name, array in series.items()}
        return {name: {**kept, **by_lane}[name] for name in self.kept}

    def _higher(self, kept: Kept) -> bool:
        """Whether the number is kept where it is largest: of a measure's best."""
        return kept.record.fold_higher is not None and kept.quantity not in (self.quantity, HELD_OUT)

    def _fold(self, kept: Kept) -> Callable[[jax.Array, Looks], jax.Array]:
        fold = kept.record.fold_higher if self._higher(kept) else kept.record.fold
        assert fold is not None
        return fold


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
