"""Optax: the state that `init` and `update` return, however its transformations are chained."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from polyak.conventions.states.moments import ADAM, Moments, fitting, in_words, read_only
from polyak.errors import PolyakError

expected = "the state of a chain that holds one trace (momentum) or one scale_by_adam (Adam)"
NODES = {"momentum": "TraceState", "Adam": "ScaleByAdamState"}


def read(state: Any, family: str) -> Moments:
    """The slots, in the order of the pytree's leaves."""
    node = _node(state, family)
    if family == ADAM:
        return Moments(
            int(node.count), (), read_only(jax.tree.leaves(node.mu)), read_only(jax.tree.leaves(node.nu))
        )
    return Moments(velocity=read_only(jax.tree.leaves(node.trace)))


def rewritten(state: Any, moments: Moments, family: str) -> Any:
    """The same state with these slots."""
    node = _node(state, family)
    if family == ADAM:
        count = np.asarray(moments.count or 0, dtype=np.asarray(node.count).dtype)
        new = node._replace(count=count, mu=_like(node.mu, moments.mean), nu=_like(node.nu, moments.squares))
    else:
        new = node._replace(trace=_like(node.trace, moments.velocity))
    return _replaced(state, node, new)


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> Any:
    """The state of a new optimizer whose parameters are a list."""
    import optax

    arrays = list(moments.velocity or moments.mean)
    with jax.enable_x64(True):
        made = getattr(optax, name.partition(":")[2])(**arguments).init(arrays)
    return jax.tree.map(np.asarray, made)


def _like(tree: Any, new: Any) -> Any:
    structure: Any
    leaves, structure = jax.tree.flatten(tree)
    return structure.unflatten(fitting("optax", new, leaves))


def _node(state: Any, family: str) -> Any:
    nodes = list(_nodes(state, NODES[family]))
    if len(nodes) != 1:
        held = f"{len(nodes)} of {NODES[family]}" if nodes else f"no {NODES[family]}"
        raise PolyakError(f"optax: the state ({in_words(state)}) holds {held}, expected {expected}")
    return nodes[0]


def _nodes(state: Any, kind: str) -> Any:
    if type(state).__name__ == kind:
        yield state
    elif isinstance(state, tuple | list):
        for part in state:
            yield from _nodes(part, kind)


def _replaced(state: Any, node: Any, new: Any) -> Any:
    if state is node:
        return new
    if isinstance(state, tuple | list):
        parts = [_replaced(part, node, new) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
    return state
