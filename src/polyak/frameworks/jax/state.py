"""jax.example_libraries: the step's number and the `OptimizerState`, in which the parameters are kept too."""

from __future__ import annotations

from typing import Any

import jax
from jax.example_libraries import optimizers
from jax.tree_util import PyTreeDef

from polyak.frameworks.array_names import NAMING, paths
from polyak.frameworks.state_families import Family
from polyak.frameworks.state_format import (
    Moments,
    Places,
    fitting,
    in_words,
    places_of,
    read_only,
)
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

expected = "(the step's number, the OptimizerState)"
naming = NAMING


ORDER = {"momentum": ("velocity",), "Adam": ("mean", "squares"), "RMSprop": ("squares", "velocity")}


def held(state: Pytree, family: Family) -> tuple[str, ...] | None:
    """As many as there are beside each parameter."""
    leaves = _leaves(_both(state)[1])[0]
    return ORDER.get(family.name, ())[: len(leaves[0]) - 1] if leaves else None


def read(state: Pytree, family: Family) -> Moments:
    """The slots, in the order of the parameters' leaves."""
    count, carry = _both(state)
    leaves, names, _ = _leaves(carry)
    parts = list(zip(*leaves, strict=True))
    wanted = _wanted(family)
    if len(parts) != 1 + len(wanted):
        raise PolyakError(
            f"jax: {len(parts)} arrays for each parameter, expected those of the {family.name} family"
        )
    slots: dict[str, Any] = {name: read_only(part) for name, part in zip(wanted, parts[1:], strict=True)}
    return Moments(count, names=names, **slots)


def _wanted(family: Family) -> tuple[str, ...]:
    """The slots, in the order in which they are kept."""
    if family.name not in ORDER or not {*family.slots} <= {*ORDER[family.name]}:
        raise PolyakError(
            f"jax: there are no states of the {family.name} family with {', '.join(family.slots)}"
        )
    return tuple(name for name in ORDER[family.name] if name in family.slots)


def places(state: Pytree, family: Family) -> Places:
    """Those beside the parameters."""
    return places_of(read(state, family))


def rewritten(state: Pytree, moments: Moments, family: Family) -> Pytree:
    """The same with these slots, the parameters as they are."""
    count, carry = _both(state)
    leaves, _, tree = _leaves(carry)
    x, *old = zip(*leaves, strict=True)
    new = [getattr(moments, name) for name in _wanted(family)]
    slots = [fitting("jax", a, b) for a, b in zip(new, old, strict=True)]
    points = [optimizers.JoinPoint(tuple(parts)) for parts in zip(x, *slots, strict=True)]
    packed = optimizers.pack_optimizer_state(tree.unflatten(points))
    taken = moments.steps("jax", family)
    return count if taken is None else taken, packed


def fresh(name: str, moments: Moments, arguments: dict[str, Any], family: Family) -> Pytree:
    """There is none without the parameters."""
    raise PolyakError(f"{name} keeps the parameters in its state: give like=(step, init_fun(params))")


def _both(state: object) -> tuple[int, optimizers.OptimizerState]:
    if not (isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], optimizers.OptimizerState)):
        raise PolyakError(f"jax: the state is {in_words(state)}, expected {expected}")
    return int(state[0]), state[1]


def _leaves(carry: optimizers.OptimizerState) -> tuple[list[tuple[Any, ...]], tuple[str, ...], PyTreeDef]:
    """(x, slots ...) of each parameter, the parameters' names, and their tree."""
    tree = optimizers.unpack_optimizer_state(carry)
    points, structure = jax.tree.flatten(tree, is_leaf=_is_point)
    return [tuple(jax.tree.leaves(point.subtree)) for point in points], paths(tree, _is_point), structure


def _is_point(node: object) -> bool:
    return isinstance(node, optimizers.JoinPoint)
