"""Ours: the `RuleState` that `init` and `update` return, or a list of them, one for each array."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.tree_util import PyTreeDef
from numpy.typing import NDArray

from polyak.frameworks.array_names import NAMING, paths
from polyak.frameworks.state_families import SLOTS, Family
from polyak.frameworks.state_format import (
    Moments,
    Places,
    fitting,
    in_common,
    in_words,
    nothing_of,
    places_of,
    read_only,
)
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import RuleState, find

expected = "the RuleState that a rule's init and update return"
naming = NAMING
PRODUCT = "momentum_product"


def held(state: Pytree, family: Family) -> tuple[str, ...] | None:
    """What the slots say: but for an RMSprop's velocity, which is there without a momentum too."""
    slots = _slots(_parts(state)[0])[0]
    return None if "velocity" in family.optional else tuple(name for name in family.all if name in slots[0])


def read(state: Pytree, family: Family) -> Moments:
    """The slots, in the order of the pytree's leaves."""
    slots, steps = list[dict[str, Any]](), list[int]()
    for part in _parts(state):
        of_part = _slots(part)[0]
        slots += of_part
        steps += [int(part.count)] * len(of_part)
    arrays: dict[str, Any] = {
        name: read_only(each[name] for each in slots) for name in _held_by_all(slots, family)
    }
    count, counts = in_common(steps)
    return Moments(
        count,
        names=_names(state),
        counts=counts,
        products=tuple(float(each[PRODUCT]) for each in slots) if family.product else (),
        **arrays,
    )


def places(state: Pytree, family: Family) -> Places:
    """Those of the tree, or of all the trees in a list."""
    return places_of(read(state, family))


def rewritten(state: Pytree, moments: Moments, family: Family) -> Pytree:
    """The same state with these slots."""
    given = {name: list(getattr(moments, name)) for name in SLOTS if getattr(moments, name)}
    sizes = [len(_slots(part)[0]) for part in _parts(state)]
    for values in given.values():
        if len(values) != sum(sizes):
            raise PolyakError(f"polyak: the slots of {len(values)} arrays, for {sum(sizes)}")
    counts, products = list(moments.counts), list(moments.products)
    new = []
    for part, size in zip(_parts(state), sizes, strict=True):
        own, counts = counts[:size], counts[size:]
        count = own[0] if len({*own}) == 1 else moments.steps("polyak", family)
        new.append(_with(part, part.count if count is None else count, given, products))
    return new if isinstance(state, list) else new[0]


def fresh(name: str, moments: Moments, arguments: dict[str, Any], family: Family) -> RuleState:
    """The state of a rule whose parameters are a list of NumPy arrays."""
    rule = find(name.partition(":")[2]).from_settings(**arguments)
    return rule.init(nothing_of(moments.arrays))


def _with(
    part: RuleState, count: int, given: dict[str, list[NDArray[Any] | None]], products: list[float]
) -> RuleState:
    slots, tree = _slots(part)
    changed = []
    for held in slots:
        new = dict(held)
        for name, values in given.items():
            (new[name],) = fitting("polyak", [values.pop(0)], [held[name]])
        if PRODUCT in held and products:
            new[PRODUCT] = np.asarray(products.pop(0), dtype=np.asarray(held[PRODUCT]).dtype)
        if "t" in held:
            new["t"] = np.asarray(count, dtype=np.asarray(held["t"]).dtype)
        if "started" in held:
            new["started"] = np.asarray(True)
        changed.append(new)
    return RuleState(count, tree.unflatten(changed))


def _parts(state: object) -> list[RuleState]:
    parts: list[Any] = state if isinstance(state, list) else [state]
    if not parts or not all(isinstance(part, RuleState) for part in parts):
        raise PolyakError(f"polyak: the state is {in_words(state)}, expected {expected}")
    return parts


def _held_by_all(slots: list[dict[str, Any]], family: Family) -> list[str]:
    """The kinds of slots that every array has; refuse a state that lacks one of those that the family always keeps."""
    found = [name for name in family.all if all(name in each for each in slots)]
    for name in family.slots:
        if name not in found:
            raise PolyakError(
                f"polyak: the state holds no {name}, expected that of a rule of the {family.name} family"
            )
    return found


def _names(state: Pytree) -> tuple[str, ...]:
    """The paths in the parameters' tree; in a list of states after the place of each."""
    trees = [part.slots for part in state] if isinstance(state, list) else state.slots
    return paths(trees, _is_slots)


def _slots(part: RuleState) -> tuple[list[dict[str, Any]], PyTreeDef]:
    return jax.tree.flatten(part.slots, is_leaf=_is_slots)


def _is_slots(node: object) -> bool:
    return isinstance(node, dict) and any(name in node and hasattr(node[name], "dtype") for name in SLOTS)
