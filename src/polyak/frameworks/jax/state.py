"""jax.example_libraries: the step's number and the `OptimizerState`, in which the parameters are kept too."""

from __future__ import annotations

from typing import Any

import jax
from jax.example_libraries import optimizers
from jax.tree_util import PyTreeDef

from polyak.frameworks.array_names import NAMING, paths
from polyak.frameworks.state_format import (
    ADAM,
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


def read(state: Pytree, family: str) -> Moments:
    """The slots, in the order of the parameters' leaves."""
    count, carry = _both(state)
    leaves, names, _ = _leaves(carry)
    parts = list(zip(*leaves, strict=True))
    if len(parts) != (3 if family == ADAM else 2):
        raise PolyakError(
            f"jax: {len(parts)} arrays for each parameter, expected those of the {family} family"
        )
    slots = [read_only(part) for part in parts[1:]]
    if family == ADAM:
        return Moments(count, (), slots[0], slots[1], names=names)
    return Moments(count, slots[0], names=names)


def places(state: Pytree, family: str) -> Places:
    """Those beside the parameters."""
    return places_of(read(state, family))


def rewritten(state: Pytree, moments: Moments, family: str) -> Pytree:
    """The same with these slots, the parameters as they are."""
    count, carry = _both(state)
    leaves, _, tree = _leaves(carry)
    x, *old = zip(*leaves, strict=True)
    new = [moments.mean, moments.squares] if family == ADAM else [moments.velocity]
    slots = [fitting("jax", a, b) for a, b in zip(new, old, strict=True)]
    points = [optimizers.JoinPoint(tuple(parts)) for parts in zip(x, *slots, strict=True)]
    packed = optimizers.pack_optimizer_state(tree.unflatten(points))
    taken = moments.steps("jax")
    return count if taken is None else taken, packed


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> Pytree:
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
