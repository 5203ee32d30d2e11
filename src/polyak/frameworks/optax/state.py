"""Optax: the state that `init` and `update` return, however its transformations are chained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np

from polyak.frameworks.array_names import NAMING, paths
from polyak.frameworks.state_families import Family
from polyak.frameworks.state_format import (
    Arrays,
    Moments,
    Places,
    fitting,
    in_words,
    negated,
    nothing_of,
    places_of,
    read_only,
    settled,
)
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

expected = "the state of a chain with the transformations of one optimizer: one trace, one scale_by_adam ..."
naming = NAMING
FIELDS = {  # a transformation's state, and what our slots are called in it
    "TraceState": {"velocity": "trace"},
    "ScaleByAdamState": {"mean": "mu", "squares": "nu"},
    "ScaleByAmsgradState": {"mean": "mu", "squares": "nu", "largest": "nu_max"},
    "ScaleByRmsState": {"squares": "nu"},
    "ScaleByRmsWithCountState": {"squares": "nu"},
    "ScaleByRStdDevState": {"mean": "mu", "squares": "nu"},
    "ScaleByRStdDevWithCountState": {"mean": "mu", "squares": "nu"},
    "ScaleByRssState": {"squares": "sum_of_squares"},
    "ScaleByLionState": {"mean": "mu"},
    "ScaleByAdaDeltaState": {"squares": "e_g", "step_squares": "e_x"},
}
NODES = {  # the transformations that an optimizer of a family is made of
    "momentum": ("TraceState",),
    "Adam": ("ScaleByAdamState", "ScaleByAmsgradState"),
    "NAdam (of a constant momentum)": ("ScaleByAdamState",),
    "RMSprop": ("ScaleByRmsState", "ScaleByRStdDevState", "TraceState"),
    "Adagrad": ("ScaleByRssState",),
    "Lion": ("ScaleByLionState",),
    "Adadelta": ("ScaleByAdaDeltaState",),
}
SCHEDULES = ("ScaleByScheduleState", "WrappedScheduleState")  # of a count alone
ACCUMULATING = "MultiStepsState"
INSIDE = {  # what holds other states, and in which of its fields
    "MaskedState": ("inner_state",),
    "PartitionState": ("inner_states",),
    "MultiTransformState": ("inner_states",),
    "InjectHyperparamsState": ("inner_state",),
    "InjectStatefulHyperparamsState": ("hyperparams_states", "inner_state"),
    ACCUMULATING: ("inner_opt_state",),
}


Part = Any  # one of Optax's states, a named tuple whose fields are its own


class _Found(NamedTuple):
    """The transformations of the family, the counts of steps beside, and whether a schedule goes by them."""

    nodes: tuple[Part, ...]
    counts: tuple[int, ...]
    scheduled: bool

    @property
    def fields(self) -> dict[str, Pytree]:
        """The tree of each slot."""
        return {
            name: getattr(node, field) for node in self.nodes for name, field in FIELDS[_kind(node)].items()
        }


def held(state: Pytree, family: Family) -> tuple[str, ...] | None:
    """Those of the transformations in the chain."""
    return tuple(_found(state, family).fields)


def read(state: Pytree, family: Family) -> Moments:
    """The slots, in the order of the pytree's leaves, and the number that all counts in it agree on."""
    found = _found(state, family)
    counts, trees = found.counts, found.fields
    if len({*counts}) > 1:
        raise PolyakError(
            f"optax: the counts in the state are {', '.join(map(str, counts))}, expected one number of steps"
        )
    settled("optax", family, trees)
    arrays: dict[str, Any] = {name: read_only(jax.tree.leaves(tree)) for name, tree in trees.items()}
    return Moments(
        counts[0] if counts else None,
        names=paths(next(iter(trees.values()))),
        scheduled=found.scheduled,
        corrected="largest" in trees,
        **(_turned(arrays) if family.name == "RMSprop" else arrays),
    )


def places(state: Pytree, family: Family) -> Places:
    """Those of the tree, and whether anything in it counts."""
    found = _found(state, family)
    there = read(_mapped(state, lambda part: _counting(part, 0)), family)
    return replace(
        places_of(there, counts=bool(found.counts), scheduled=found.scheduled),
        corrected=there.corrected or None,
    )


def rewritten(state: Pytree, moments: Moments, family: Family) -> Pytree:
    """The same state with these slots, and every count of steps in it at theirs."""
    counts = _found(state, family).counts
    count = moments.steps("optax", family) if counts else None
    values = {name: getattr(moments, name) for name in moments.held}
    if family.name == "RMSprop":
        values = _turned(values)

    def filled(part: Part) -> Part:
        if _kind(part) in NODES[family.name]:
            fields = FIELDS[_kind(part)]
            part = part._replace(
                **{field: _like(getattr(part, field), values[name]) for name, field in fields.items()}
            )
        return part if count is None else _counting(part, count)

    return _mapped(state, filled)


def fresh(name: str, moments: Moments, arguments: dict[str, Any], family: Family) -> Pytree:
    """The state of a new optimizer whose parameters are a list."""
    import optax

    if "velocity" in family.slots and arguments.get("momentum") is None:
        arguments = {**arguments, "momentum": 0.9}  # any: it makes the trace that is filled
    if "mean" in family.slots and family.name == "RMSprop":
        arguments = {**arguments, "centered": True}
    with jax.enable_x64(True):
        made = getattr(optax, name.partition(":")[2])(**arguments)
        shapes = jax.eval_shape(made.init, nothing_of(moments.arrays))
    return jax.tree.map(lambda leaf: np.broadcast_to(np.zeros((), leaf.dtype), leaf.shape), shapes)


def _turned(arrays: dict[str, Any]) -> dict[str, Any]:
    """The velocity's sign turned: Optax's RMSprop scales by the learning rate before its trace, which is added."""
    if "velocity" not in arrays:
        return arrays
    return {**arrays, "velocity": negated(arrays["velocity"])}


def _like(tree: Pytree, new: Arrays) -> Pytree:
    structure: Any
    leaves, structure = jax.tree.flatten(tree)
    return structure.unflatten(fitting("optax", new, leaves))


def _found(state: Pytree, family: Family) -> _Found:
    """What a state is made of; a PolyakError for what goes across in no other's state."""
    if family.name not in NODES:
        raise PolyakError(f"optax: there are no states of the {family.name} family")
    parts = _parts(state)
    nodes = tuple(part for part in parts if _kind(part) in NODES[family.name])
    _refuse_other_slots(nodes, family, in_words(state))
    for part in parts:
        _refuse_others(part, family, around_all=_kind(state) == ACCUMULATING)
    counts = tuple(int(getattr(part, name)) for part in parts if (name := _counter(part)))
    return _Found(nodes, counts, any(_kind(part) in SCHEDULES for part in parts))


def _parts(state: Pytree) -> list[Part]:
    """Every state in it that holds numbers, those inside others before these."""
    parts = list[Part]()

    def noted(part: Part) -> Part:
        parts.append(part)
        return part

    _mapped(state, noted)
    return parts


def _refuse_other_slots(nodes: tuple[Part, ...], family: Family, state: str) -> None:
    """Refuse transformations that have none of the family's slots, or one of them twice."""
    slots = [name for node in nodes for name in FIELDS[_kind(node)]]
    if len({*slots}) != len(slots) or not {*family.slots} & {*slots}:
        words = " or ".join(NODES[family.name])
        there = f"{len(nodes)} of {words}" if nodes else f"no {words}"
        raise PolyakError(f"optax: the state ({state}) holds {there}, expected {expected}")


def _refuse_others(part: Part, family: Family, *, around_all: bool) -> None:
    """Refuse what no other's state has a place for, gradients that are being summed among it."""
    if _kind(part) not in (*NODES[family.name], *SCHEDULES, *INSIDE):
        raise PolyakError(
            f"optax: the state holds {_kind(part)}, which has no place in another's: expected {expected}"
        )
    if _kind(part) == ACCUMULATING and (int(part.mini_step) or not around_all):
        raise PolyakError(
            f"optax: the state holds MultiSteps with {int(part.mini_step)} gradients summed, expected it around"
            " all the rest, after a whole step"
        )


def _mapped(state: Pytree, change: Callable[[Part], Part]) -> Pytree:
    """A copy with every state that holds numbers changed, those inside others before these."""
    if isinstance(state, dict):
        return {key: _mapped(part, change) for key, part in state.items()}
    if isinstance(state, tuple | list) and not hasattr(state, "_fields"):
        return type(state)(_mapped(part, change) for part in state)
    fields = INSIDE.get(_kind(state), ())
    if fields:
        state = state._replace(**{name: _mapped(getattr(state, name), change) for name in fields})
        return state if len(fields) == len(state._fields) else change(state)
    return change(state) if jax.tree.leaves(state) else state


def _kind(state: object) -> str:
    return type(state).__name__


def _counter(part: Part) -> str | None:
    """The field that counts steps, if it has one."""
    return next((name for name in ("gradient_step", "count") if name in part._fields), None)


def _counting(part: Part, count: int) -> Part:
    """The same with its count of steps at this one, if it has one."""
    name = _counter(part)
    if name is None:
        return part
    return part._replace(**{name: np.asarray(count, dtype=np.asarray(getattr(part, name)).dtype)})
