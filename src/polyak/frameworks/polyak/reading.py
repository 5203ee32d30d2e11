"""Rules of ours, and whatever has `init` and `update`, with the state that the user's own loop holds."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from polyak.frameworks.bridge import Bridge
from polyak.frameworks.reading import Part, Reading
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import Optimizer, as_rule
from polyak.rules.base import RuleState

LR_NAMES = ("lr", "learning_rate")


def reading(optimizer: object, state: Pytree, bridge: Bridge) -> Reading | None:
    """A rule on all of the model's parameters."""
    if not (isinstance(optimizer, str) or (hasattr(optimizer, "init") and hasattr(optimizer, "update"))):
        return None
    rule = as_rule(optimizer)
    arrays = tuple(range(len(bridge.names)))
    joined, steps = (None, None) if state is None else _joined(rule, state, bridge)
    lr = next((rule.settings()[name] for name in LR_NAMES if name in rule.settings()), None)
    for name in rule.schedules():
        raise PolyakError(
            f"{rule.name()}: {name} is a schedule, expected today's number: {rule.name()} with {name} as it is now"
        )
    shown = None if lr is None or isinstance(lr, str) else float(lr)
    label = rule.name() if rule.settings() or isinstance(optimizer, str) else "the Optax optimizer"
    took = state is not None and steps != 0
    return Reading(label, (Part(rule, 0.0, arrays, bridge.size, joined, shown, took),), steps)


def _joined(rule: Optimizer, state: Pytree, bridge: Bridge) -> tuple[Pytree, int | None]:
    """A state on the model's parameters as one on the vector of them all, and the steps that it has counted."""
    if isinstance(state, RuleState):
        return _of_ours(rule, state, bridge)
    like: Any
    begun, like = jax.tree.flatten(jax.tree.map(np.asarray, rule.init(np.zeros(bridge.size))))
    try:
        subtrees = like.flatten_up_to(state)
    except (ValueError, TypeError):
        raise PolyakError(
            f"the state is not one that {rule.name()} makes of parameters: expected what its init or update returned"
        ) from None
    found, counts = [], list[int]()
    for held, subtree in zip(begun, subtrees, strict=True):
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(subtree)]
        if held.shape == (bridge.size,):
            found.append(
                _vector(rule, [leaf for leaf in leaves if leaf.dtype.kind == "f" or leaf.ndim], bridge)
            )
        elif len({*map(float, leaves)}) == 1 and not held.shape:
            found.append(leaves[0].astype(held.dtype))
            counts += [int(leaves[0])] if held.dtype.kind in "iu" else []
        else:
            raise PolyakError(
                f"the state of {rule.name()} holds other numbers for some parameters than for others"
            )
    return like.unflatten(found), max(counts, default=None)


def _of_ours(rule: Optimizer, state: RuleState, bridge: Bridge) -> tuple[RuleState, int]:
    """A state of ours: a dict of slots for each array."""
    begun: RuleState = rule.init(np.zeros(bridge.size))
    names = {*begun.slots}
    each = jax.tree.leaves(state.slots, is_leaf=lambda node: isinstance(node, dict) and {*node} == names)
    if not names:
        return begun, int(state.count)
    if not all(isinstance(slots, dict) and {*slots} == names for slots in each):
        raise PolyakError(f"the state is not one of {rule.name()}: expected what its init or update returned")
    joined = {}
    for name, held in begun.slots.items():
        arrays = [np.asarray(slots[name]) for slots in each]
        joined[name] = _vector(rule, arrays, bridge) if np.shape(held) else arrays[0].astype(np.float64)
    return RuleState(int(state.count), joined), int(state.count)


def _vector(rule: Optimizer, leaves: list[Any], bridge: Bridge) -> Any:  # noqa: ANN401 - NumPy's, of any dtype
    shapes = tuple(tuple(leaf.shape) for leaf in leaves)
    if shapes != bridge.shapes:
        raise PolyakError(
            f"the state of {rule.name()} is of {len(shapes)} arrays of shapes other than the model's "
            f"{len(bridge.shapes)}: expected one of the same parameters"
        )
    return np.concatenate([leaf.astype(np.float64).ravel() for leaf in leaves])
