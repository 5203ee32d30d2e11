"""Optax: the state that `init` and `update` return, however its transformations are chained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from polyak.frameworks.array_names import NAMING, paths
from polyak.frameworks.state_format import (
    ADAM,
    Arrays,
    Moments,
    Places,
    fitting,
    in_words,
    places_of,
    read_only,
)
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

expected = "the state of a chain that holds one trace (momentum) or one scale_by_adam (Adam)"
naming = NAMING
NODES = {"momentum": "TraceState", "Adam": "ScaleByAdamState"}
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
    """The one node of the family, the counts of steps beside it, and whether a schedule goes by them."""

    node: Part
    counts: tuple[int, ...]
    scheduled: bool


def read(state: Pytree, family: str) -> Moments:
    """The slots, in the order of the pytree's leaves, and the number that all counts in it agree on."""
    node, counts, scheduled = _found(state, family)
    if len({*counts}) > 1:
        raise PolyakError(
            f"optax: the counts in the state are {', '.join(map(str, counts))}, expected one number of steps"
        )
    count = counts[0] if counts else None
    if family == ADAM:
        mean, squares = (read_only(jax.tree.leaves(tree)) for tree in (node.mu, node.nu))
        return Moments(count, (), mean, squares, names=paths(node.mu), scheduled=scheduled)
    velocity = read_only(jax.tree.leaves(node.trace))
    return Moments(count, velocity, names=paths(node.trace), scheduled=scheduled)


def places(state: Pytree, family: str) -> Places:
    """Those of the tree, and whether anything in it counts."""
    _, counts, scheduled = _found(state, family)
    held = read(_mapped(state, lambda part: _counting(part, 0)), family)
    return places_of(held, counts=bool(counts), scheduled=scheduled)


def rewritten(state: Pytree, moments: Moments, family: str) -> Pytree:
    """The same state with these slots, and every count of steps in it at theirs."""
    _, counts, _ = _found(state, family)
    count = moments.steps("optax") if counts else None

    def filled(part: Part) -> Part:
        if type(part).__name__ == NODES[family]:
            new = (
                {"mu": _like(part.mu, moments.mean), "nu": _like(part.nu, moments.squares)}
                if family == ADAM
                else {"trace": _like(part.trace, moments.velocity)}
            )
            part = part._replace(**new)
        return part if count is None else _counting(part, count)

    return _mapped(state, filled)


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> Pytree:
    """The state of a new optimizer whose parameters are a list."""
    import optax

    arrays = list(moments.velocity or moments.mean)
    if moments.velocity and arguments.get("momentum") is None:
        arguments = {**arguments, "momentum": 0.9}  # any: it makes the trace that is filled
    with jax.enable_x64(True):
        made = getattr(optax, name.partition(":")[2])(**arguments).init(arrays)
    return jax.tree.map(np.asarray, made)


def _like(tree: Pytree, new: Arrays) -> Pytree:
    structure: Any
    leaves, structure = jax.tree.flatten(tree)
    return structure.unflatten(fitting("optax", new, leaves))


def _found(state: Pytree, family: str) -> _Found:
    """What a state is made of; a PolyakError for what goes across in no other's state."""
    parts = list[Part]()

    def noted(part: Part) -> Part:
        parts.append(part)
        return part

    _mapped(state, noted)
    nodes = [part for part in parts if _kind(part) == NODES[family]]
    if len(nodes) != 1:
        held = f"{len(nodes)} of {NODES[family]}" if nodes else f"no {NODES[family]}"
        raise PolyakError(f"optax: the state ({in_words(state)}) holds {held}, expected {expected}")
    for part in parts:
        _refuse_others(part, family, around_all=_kind(state) == ACCUMULATING)
    counts = tuple(int(getattr(part, name)) for part in parts if (name := _counter(part)))
    return _Found(nodes[0], counts, any(_kind(part) in SCHEDULES for part in parts))


def _refuse_others(part: Part, family: str, *, around_all: bool) -> None:
    """Refuse what no other's state has a place for, gradients that are being summed among it."""
    if _kind(part) not in (NODES[family], *SCHEDULES, *INSIDE):
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
