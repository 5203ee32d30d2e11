"""Cells that descend a landscape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyak.ground.hashing import code_hash
from polyak.ground.precision import in_precision
from polyak.landscapes import Landscape
from polyak.run.compiled import jitted
from polyak.run.descend import descend
from polyak.run.loop import compiles, loop, start
from polyak.sweeps.axes import exactly
from polyak.sweeps.lanes import (
    COMPILER_OPTIONS,
    SideBySide,
    block_by_block,
    in_blocks,
    lanes_innermost,
    out_of_blocks,
)
from polyak.sweeps.one_by_one import Run, one_by_one
from polyak.sweeps.recording import Recording, begun, folded, recorded


@dataclass(frozen=True, eq=False)
class OnLandscape:
    """A landscape and how long it is descended.

    Attributes:
        landscape: what is descended, from its own start.
        steps: of each cell.
        every: after so many steps the value is looked at, and after the last.
        dtype: float64 or float32.
    """

    landscape: Landscape
    steps: int
    every: int
    dtype: str
    quantity = "value"
    seeded = False

    def recorded_steps(self) -> np.ndarray:
        """The steps at which the value is looked at, from 0."""
        steps = np.arange(0, self.steps + 1, self.every)
        return steps if steps[-1] == self.steps else np.append(steps, self.steps)

    def identity(self) -> dict[str, str]:
        """What tells this target from another."""
        with jax.enable_x64(True):
            code = code_hash(self.landscape.function, np.array(self.landscape.start))
        start = ", ".join(map(exactly, self.landscape.start))
        return {
            "landscape": f"{self.landscape.name} from ({start})",
            "function": code,
            "steps": str(self.steps),
            "every": str(self.every),
            "dtype": self.dtype,
        }

    def attrs(self) -> dict[str, Any]:
        """What a result says of it."""
        return {
            "target": self.landscape.name,
            "start": list(self.landscape.start),
            "initial": float(self.landscape(self.landscape.start)),
            "steps": self.steps,
            "dtype": self.dtype,
        }

    def params(self, _seed: int | None) -> Any:
        """The parameters before the first step."""
        return np.asarray(self.landscape.start, self.dtype)

    def work(self, recording: Recording) -> float:
        """The arithmetic of one cell, roughly."""
        looks = len(self.recorded_steps()) if recording.step_by_step else 1
        return 10.0 * self.landscape.dimension * (self.steps + looks)

    def cells(
        self,
        rule: Any,
        values: Mapping[str, Any],
        _seed: int | None,
        recording: Recording,
        lanes: int,
        capacity: int,
    ) -> dict[str, Any]:
        """What is recorded of cells with these values, each of shape (cells,)."""
        with in_precision(self.dtype):
            if not compiles(rule, jnp.asarray(self.params(None))):
                return one_by_one(recording, values, partial(self._alone, rule, recording))
            blocks, used = in_blocks(values, lanes, capacity, self.dtype)
            every = self.every if recording.step_by_step else self.steps
            found = _engine()(
                self.landscape.function,
                self.steps,
                every,
                recording,
                rule,
                blocks,
                used,
                self.params(None),
                np.asarray(recording.goal, self.dtype),
                np.ones(lanes, self.dtype),
            )
            return out_of_blocks(found, len(next(iter(values.values()))))

    def _alone(self, rule: Any, recording: Recording, values: Mapping[str, float]) -> Run:
        """The run of one cell."""
        kept = self.recorded_steps() if recording.step_by_step else np.array([0, self.steps])
        trace = descend(rule.replace(**values), self.landscape, self.steps, dtype=self.dtype)
        seen, at = trace.values[kept], trace.positions[kept]
        return Run(seen, np.isfinite(seen) & np.isfinite(at).all(axis=-1), at, kept)


@cache
def _engine() -> Callable[..., Any]:
    return jitted(_blocks, COMPILER_OPTIONS, static=(0, 1, 2, 3))


def _blocks(
    function: Any, steps: int, every: int, recording: Recording, rule: Any, values: Any, used: Any, *job: Any
) -> Any:
    return block_by_block(partial(_block, function, steps, every, recording, rule, job), values, used)


def _block(
    function: Any, steps: int, every: int, recording: Recording, rule: Any, job: Any, values: Any
) -> Any:
    x, goal, ones = job
    lanes = len(ones)
    side_by_side = SideBySide(rule, values, ones)
    value, slope = jax.vmap(function), jax.vmap(jax.grad(function))

    def observe(x: Any) -> Any:
        seen = value(x)
        return x, seen, jnp.isfinite(seen) & jnp.isfinite(x).all(axis=-1)

    def record(carry: Any, steps: Any) -> Any:
        run, summary = carry
        run, (at, seen, finite) = loop(
            side_by_side, lambda x, _: slope(x), observe, run, steps[None], lanes_innermost
        )
        summary = folded(summary, seen, finite, steps[-1:] + 1, goal)
        return (run, summary), _kept(recording, at[0], seen[0])

    x = lanes_innermost(jnp.broadcast_to(x, (lanes, *x.shape)))
    at, seen, finite = observe(x)
    carry = start(side_by_side, x), begun(seen, finite, goal)
    whole = steps // every * every
    numbers = jnp.arange(steps, dtype=jnp.int32)
    carry, kept = lax.scan(record, carry, numbers[:whole].reshape(-1, every))
    kept = jax.tree.map(
        lambda first, rest: jnp.concatenate([first[None], rest]), _kept(recording, at, seen), kept
    )
    if whole < steps:
        carry, last = record(carry, numbers[whole:])
        kept = jax.tree.map(lambda rest, last: jnp.concatenate([rest, last[None]]), kept, last)
    return recorded(recording, carry[1], kept["values"], kept["positions"])


def _kept(recording: Recording, at: Any, seen: Any) -> dict[str, Any]:
    """What is kept of a step apart from the summary."""
    return {
        "values": seen if "values" in recording.names else jnp.zeros(0),
        "positions": at if "positions" in recording.names else jnp.zeros(0),
    }
