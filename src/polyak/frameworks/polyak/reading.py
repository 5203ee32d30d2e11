"""Rules of ours, and whatever has `init` and `update`, with the state that the user's own loop holds."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

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
    for name in rule.schedules():
        raise PolyakError(
            f"{rule.name()}: {name} is a schedule, expected today's number: {rule.name()} with {name} as it is now"
        )
    joined, steps = (None, None) if state is None else _joined(rule, state, bridge)
    settings = rule.settings()
    lr = next((float(settings[name]) for name in LR_NAMES if name in settings), None)
    label = rule.name() if settings or isinstance(optimizer, str) else "the Optax optimizer"
    arrays = tuple(range(len(bridge.names)))
    part = Part(rule, 0.0, arrays, bridge.size, joined, lr, state is not None and steps != 0)
    return Reading(label, (part,), steps)


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
    pairs = [
        (held, [np.asarray(leaf) for leaf in jax.tree.leaves(subtree)])
        for held, subtree in zip(begun, subtrees, strict=True)
    ]
    found = [_one(rule, held, leaves, bridge) for held, leaves in pairs]
    counts = [int(leaves[0]) for held, leaves in pairs if not held.shape and held.dtype.kind in "iu"]
    return like.unflatten(found), max(counts, default=None)


def _one(rule: Optimizer, held: NDArray[Any], leaves: list[NDArray[Any]], bridge: Bridge) -> NDArray[Any]:
    """One leaf of the state on the vector, of what stands in its place in the user's."""
    if held.shape == (bridge.size,):
        return _vector(rule, [leaf for leaf in leaves if leaf.dtype.kind == "f" or leaf.ndim], bridge)
    if held.shape or len({*map(float, leaves)}) != 1:
        raise PolyakError(
            f"the state of {rule.name()} holds other numbers for some parameters than for others"
        )
    return leaves[0].astype(held.dtype)


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


def _vector(rule: Optimizer, leaves: list[NDArray[Any]], bridge: Bridge) -> NDArray[Any]:
    shapes = tuple(tuple(leaf.shape) for leaf in leaves)
    if shapes != bridge.shapes:
        raise PolyakError(
            f"the state of {rule.name()} is of {len(shapes)} arrays of shapes other than the model's "
            f"{len(bridge.shapes)}: expected one of the same parameters"
        )
    return np.concatenate([leaf.astype(np.float64).ravel() for leaf in leaves])
