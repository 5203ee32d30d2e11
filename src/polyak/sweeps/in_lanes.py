"""Cells side by side through a compiled engine: its first call of a kind alone, and fewer lanes where memory ends.

A block of lanes that does not fit is cut in half until it does; what does not fit alone is recorded as dead, and why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager

import jax
import numpy as np

from polyak.ground.types import Pytree
from polyak.sweeps.lanes import ByLane, in_blocks, out_of_blocks
from polyak.sweeps.one_by_one import REASON, after_its_end, dead, in_a_line
from polyak.sweeps.recording import Recording

Engine = Callable[[Mapping[str, np.ndarray], int, int], ByLane]
"""engine(blocks, how many of them are used, lanes) -> the variables, by lane."""

_first = threading.RLock()
_compiled: set[int] = set()
_fits: dict[int, int] = {}  # lanes, of what did not fit with those that were asked for


def in_lanes(
    engine: Engine,
    values: Mapping[str, np.ndarray],
    lanes: int,
    capacity: int,
    recording: Recording,
    sizes: Mapping[str, int],
    dtype: str,
    kind: Hashable,
    *,
    reasons: bool,
) -> dict[str, np.ndarray]:
    """What is recorded of cells with these values, each of shape (cells,).

    Args:
        engine: computes blocks of lanes.
        values: the settings of the cells.
        lanes: side by side, as many as are wished for.
        capacity: cells that a chunk may have.
        recording: what is kept.
        sizes: of the dimensions behind the plane's.
        dtype: of numbers that are no whole ones.
        kind: calls of one kind are compiled once.
        reasons: whether it is recorded why runs ended.
    """
    cells = len(next(iter(values.values())))
    kind = (kind, tuple(values), dtype, capacity)
    wished = hash((kind, lanes))
    lanes = _fits.get(wished, lanes)
    while True:
        try:
            found = _computed(engine, values, lanes, capacity, dtype, hash((kind, lanes)))
        except (MemoryError, jax.errors.JaxRuntimeError) as error:
            if not ran_out(error):
                raise
            if lanes > 1:
                lanes = _fits[wished] = lanes // 2
                continue
            reason = in_a_line(MemoryError(str(error)[max(_of_memory(error), 0) :]))
            found = {
                name: np.repeat(one, cells, axis=0)
                for name, one in dead(recording, sizes, dtype, reason).items()
            }
        else:
            return {**found, REASON: after_its_end(found, cells)} if reasons else found
        return {name: found[name] for name in found if reasons or name != REASON}


def kind_of(arguments: Pytree) -> Hashable:
    """What arguments of one kind have in common: those are compiled once."""
    leaves, structure = jax.tree.flatten(arguments)
    return structure, tuple((np.shape(leaf), getattr(leaf, "dtype", type(leaf))) for leaf in leaves)


def ran_out(error: BaseException) -> bool:
    """Whether it is memory that there was too little of."""
    return isinstance(error, MemoryError) or _of_memory(error) >= 0 or "RESOURCE_EXHAUSTED" in str(error)


def _of_memory(error: BaseException) -> int:
    """Where XLA's words say it, behind those of whoever passed them on; -1 for nowhere."""
    return str(error).lower().find("out of memory")


def _computed(
    engine: Engine, values: Mapping[str, np.ndarray], lanes: int, capacity: int, dtype: str, kind: int
) -> dict[str, np.ndarray]:
    blocks, used = in_blocks(values, lanes, capacity, dtype)
    with _alone_at_first(kind):
        return out_of_blocks(engine(blocks, used, lanes), len(next(iter(values.values()))))


@contextmanager
def _alone_at_first(kind: int) -> Iterator[None]:
    """The first call of a kind: what it compiles, others find, which wait meanwhile."""
    if kind not in _compiled:
        with _first:
            if kind not in _compiled:
                yield
                _compiled.add(kind)
                return
    yield
