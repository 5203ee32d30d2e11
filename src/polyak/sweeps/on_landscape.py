"""Cells that descend a landscape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from polyak.ground.compiled import BY_ENTRY, jitted
from polyak.ground.hashing import code_hash
from polyak.ground.precision import in_precision
from polyak.landscapes import Landscape
from polyak.rules import Optimizer
from polyak.run.descend import descend
from polyak.run.loop import Carry, compiles, loop, start
from polyak.sweeps.axes import exactly
from polyak.sweeps.in_lanes import in_lanes, kind_of
from polyak.sweeps.lanes import COMPILER_OPTIONS, ByLane, SideBySide, block_by_block, lanes_innermost
from polyak.sweeps.one_by_one import Run, one_by_one
from polyak.sweeps.recording import Looks, Recording

Function = Callable[[jax.Array], jax.Array]
"""f(x), of one lane."""


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
    compiled = True
    reasons = False  # a lane is a few numbers
    beside: ClassVar[tuple[str, ...]] = ()

    def check(self) -> None:
        """Nothing of a user's is measured here."""

    def recorded_steps(self) -> np.ndarray:
        """The steps at which the value is looked at, from 0."""
        steps = np.arange(0, self.steps + 1, self.every)
        return steps if steps[-1] == self.steps else np.append(steps, self.steps)

    def sizes(self) -> dict[str, int]:
        """How long each dimension behind the plane's is."""
        return {"step": len(self.recorded_steps()), "coordinate": self.landscape.dimension}

    def identity(self) -> dict[str, str]:
        """What tells this landscape and this many steps from others."""
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
            "on": self.landscape.name,
            "start": list(self.landscape.start),
            "initial": float(self.landscape(self.landscape.start)),
            "steps": self.steps,
            "dtype": self.dtype,
        }

    def params(self, _seed: int | None) -> NDArray[np.floating[Any]]:
        """The parameters before the first step."""
        return np.asarray(self.landscape.start, self.dtype)

    def work(self, recording: Recording) -> float:
        """The arithmetic of one cell, roughly."""
        looks = len(self.recorded_steps()) if recording.step_by_step else 1
        return 10.0 * self.landscape.dimension * (self.steps + looks)

    def cells(
        self,
        rule: Optimizer,
        values: Mapping[str, np.ndarray],
        _seed: int | None,
        recording: Recording,
        lanes: int,
        capacity: int,
    ) -> dict[str, np.ndarray]:
        """What is recorded of cells with these values, each of shape (cells,)."""
        with in_precision(self.dtype):
            if not compiles(rule, jnp.asarray(self.params(None))):
                return one_by_one(
                    recording, values, partial(self._alone, rule, recording), self.sizes(), self.dtype
                )
            every = self.every if recording.step_by_step else self.steps
            x, goal = self.params(None), np.asarray(recording.goal, self.dtype)
            function, steps = self.landscape.function, self.steps

            def engine(blocks: Mapping[str, np.ndarray], used: int, lanes: int) -> ByLane:
                begun = x, goal, np.ones(lanes, self.dtype)
                return _engine()(function, steps, every, recording, rule, blocks, used, begun)

            return in_lanes(
                engine,
                values,
                lanes,
                capacity,
                recording,
                self.sizes(),
                self.dtype,
                (function, steps, every, recording, kind_of((rule, x))),
                reasons=self.reasons,
            )

    def _alone(self, rule: Optimizer, recording: Recording, settings: Mapping[str, float]) -> Run:
        """What is seen of one cell."""
        kept = self.recorded_steps() if recording.step_by_step else np.array([0, self.steps])
        trace = descend(rule.replace(**settings), self.landscape, self.steps, dtype=self.dtype)
        seen, at = trace.values[kept], trace.positions[kept]
        finite = np.isfinite(seen) & np.isfinite(at).all(axis=-1)
        return Run(kept, seen, finite, at)


@cache
def _engine() -> Callable[..., ByLane]:
    return jitted(_blocks, {**COMPILER_OPTIONS, **BY_ENTRY}, static=(0, 1, 2, 3))


def _blocks(
    function: Function,
    steps: int,
    every: int,
    recording: Recording,
    rule: Optimizer,
    values: ByLane,
    used: jax.Array,
    start_goal_ones: tuple[jax.Array, jax.Array, jax.Array],
) -> ByLane:
    block = partial(_block, function, steps, every, recording, rule, *start_goal_ones)
    return block_by_block(block, values, used)


def _block(
    function: Function,
    steps: int,
    every: int,
    recording: Recording,
    rule: Optimizer,
    x: jax.Array,
    goal: jax.Array,
    ones: jax.Array,
    values: ByLane,
) -> ByLane:
    """Lanes side by side from x, looked at after every so many steps."""
    lanes = len(ones)
    side_by_side = SideBySide(rule, values, ones)
    value, slope = jax.vmap(function), jax.vmap(jax.grad(function))

    def observe(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        seen = value(x)
        return x, seen, jnp.isfinite(seen) & jnp.isfinite(x).all(axis=-1)

    def looked(steps: jax.Array, at: jax.Array, seen: jax.Array, finite: jax.Array) -> Looks:
        return Looks(steps, seen, finite, goal, at)

    def record(carry: tuple[Carry, ByLane], steps: jax.Array) -> tuple[tuple[Carry, ByLane], ByLane]:
        run, kept = carry
        run, seen = loop(side_by_side, lambda x, _: slope(x), observe, run, steps[None], lanes_innermost)
        looks = looked(steps[-1:] + 1, *seen)
        return (run, recording.folded(kept, looks)), recording.series(looks)

    x = lanes_innermost(jnp.broadcast_to(x, (lanes, *x.shape)))
    first = looked(jnp.zeros(1, jnp.int32), *(array[None] for array in observe(x)))
    carry = start(side_by_side, x), recording.begun(first)
    whole = steps // every * every
    numbers = jnp.arange(steps, dtype=jnp.int32)
    carry, series = lax.scan(record, carry, numbers[:whole].reshape(-1, every))
    parts = [recording.series(first), jax.tree.map(lambda array: array[:, 0], series)]
    if whole < steps:
        carry, last = record(carry, numbers[whole:])
        parts.append(last)
    return recording.variables(carry[1], jax.tree.map(lambda *same: jnp.concatenate(same), *parts))
