"""Cells side by side: one rule that is many, and blocks of it that fit into a processor's cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.layout import Layout, with_layout_constraint

from polyak.ground.types import Pytree
from polyak.rules import Optimizer

ByLane = dict[str, jax.Array]
"""Arrays of many lanes, by name."""
Tree = TypeVar("Tree")

CACHE = 1 << 16  # bytes that a block's numbers may take: they are gone through at every step
FEWEST_LANES, MOST_LANES = 8, 1024
# A chunk is one thread's work: XLA's own threads would only take the cores from the others.
COMPILER_OPTIONS = {"xla_cpu_multi_thread_eigen": False, "xla_cpu_prefer_vector_width": 512}


class SideBySide:
    """A rule with many values of some settings, as one rule: everything has an axis of lanes.

    Attributes:
        rule: the rule; its other settings are those of every lane.
        values: the settings that differ, by name, each of shape (lanes,).
        ones: of shape (lanes,), to keep the lanes beside one another in memory. Elementwise work is then done
            on many lanes at once; matrix products arrange their operands themselves and are given None.
        axis: of the lanes in every array, 0 or -1.
    """

    def __init__(self, rule: Optimizer, values: ByLane, ones: jax.Array | None = None, axis: int = 0) -> None:
        self.rule, self.values, self.ones, self.axis = rule, dict(values), ones, axis

    def init(self, params: Pytree) -> Pytree:
        """The state of every lane."""
        return self._arranged(self._mapped(lambda values, x: self._at(values).init(x))(self.values, params))

    def update(self, grads: Pytree, state: Pytree, params: Pytree) -> tuple[Pytree, Pytree]:
        """The step of every lane, and its next state."""

        def one(values: ByLane, g: Pytree, s: Pytree, x: Pytree) -> tuple[Pytree, Pytree]:
            return self._at(values).update(g, s, x)

        updates, state = self._mapped(one)(self.values, grads, state, params)
        if (ones := self.ones) is not None:
            # A product with what XLA does not know to be one: a sum without any broadcast in it would go through
            # its tiled emitter, which takes seven times as long over this order in memory (jaxlib 0.10.2).
            updates = jax.tree.map(lambda u: u * lanes_first(ones, u), updates)
        return updates, self._arranged(state)

    def _mapped(self, function: Callable[..., Tree]) -> Callable[..., Tree]:
        """The function of one lane's values and arrays, for all lanes."""

        def mapped(values: ByLane, *arrays: Pytree) -> Tree:
            in_axes = (0, *[self.axis] * len(arrays))
            lanes: Tree = jax.vmap(function, in_axes=in_axes, out_axes=self.axis)(values, *arrays)
            return lanes

        return mapped

    def _at(self, values: ByLane) -> Optimizer:
        return self.rule.replace(**values) if values else self.rule

    def _arranged(self, tree: Tree) -> Tree:
        arranged: Tree = jax.tree.map(lanes_innermost, tree) if self.ones is not None else tree
        return arranged


def lanes_innermost(x: jax.Array) -> jax.Array:
    """An array of shape (lanes, ...) whose lanes lie beside one another in memory."""
    if jnp.ndim(x) < 2:
        return x
    arranged: jax.Array = with_layout_constraint(x, Layout((*range(1, x.ndim), 0)))
    return arranged


def lanes_first(ones: jax.Array, x: jax.Array) -> jax.Array:
    """Numbers of shape (lanes,) with as many axes as x has, in its type."""
    return ones.reshape(-1, *[1] * (x.ndim - 1)).astype(x.dtype)


def lane_count(bytes_of_a_cell: int, cells: int) -> int:
    """How many cells make a block: a power of two, as many as the cache holds, no more than there are."""
    if jax.default_backend() != "cpu":  # an accelerator hides its memory behind many lanes
        return 1 << max(3, min(17, (cells - 1).bit_length()))
    held = max(1, CACHE // max(1, bytes_of_a_cell))
    lanes = 1 << (held.bit_length() - 1)
    return max(FEWEST_LANES, min(lanes, MOST_LANES, 1 << (cells - 1).bit_length()))


def block_by_block(block: Callable[[Tree], Tree], values: Tree, used: jax.Array) -> Tree:
    """`block` of each of the first `used` blocks of `values`, whose arrays are of shape (blocks, lanes)."""
    blocks = len(jax.tree.leaves(values)[0])
    shapes = jax.eval_shape(block, jax.tree.map(lambda array: array[0], values))
    room = jax.tree.map(lambda shape: jnp.zeros((blocks, *shape.shape), shape.dtype), shapes)

    def next_block(k: jax.Array, done: Tree) -> Tree:
        one = block(jax.tree.map(lambda array: lax.dynamic_index_in_dim(array, k, keepdims=False), values))
        written: Tree = jax.tree.map(
            lambda room, array: lax.dynamic_update_index_in_dim(room, array, k, 0), done, one
        )
        return written

    done: Tree = lax.fori_loop(0, used, next_block, room)
    return done


def in_blocks(
    values: Mapping[str, np.ndarray], lanes: int, capacity: int, dtype: str
) -> tuple[dict[str, np.ndarray], int]:
    """Values of shape (cells,) as (blocks, lanes), with room for `capacity` cells; and how many blocks are used.

    ByLane without a cell of their own repeat the last one.

    >>> blocks, used = in_blocks({"lr": np.arange(3.0)}, lanes=2, capacity=6, dtype="float64")
    >>> blocks["lr"].tolist(), used
    ([[0.0, 1.0], [2.0, 2.0], [2.0, 2.0]], 2)
    """
    cells = len(next(iter(values.values())))
    blocks = -(-capacity // lanes)
    padded = {
        name: np.pad(np.asarray(array, dtype), (0, blocks * lanes - cells), mode="edge").reshape(
            blocks, lanes
        )
        for name, array in values.items()
    }
    return padded, -(-cells // lanes)


def out_of_blocks(blocks: ByLane, cells: int) -> dict[str, np.ndarray]:
    """Arrays of shape (blocks, lanes, ...) as (cells, ...), on the host."""
    return {name: np.asarray(array).reshape(-1, *array.shape[2:])[:cells] for name, array in blocks.items()}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
