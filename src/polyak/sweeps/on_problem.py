"""Cells that train a problem, each seed's batches shared by all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyak.ground.precision import in_precision
from polyak.problems import Problem
from polyak.problems.on_device import on_device
from polyak.run import epochs
from polyak.run.batches import Plan, parameter_generator
from polyak.run.checkpoint import problem_hashes
from polyak.run.compiled import jitted
from polyak.run.epochs import one_epoch
from polyak.run.loop import compiles, loop, start
from polyak.run.train import train
from polyak.sweeps.lanes import COMPILER_OPTIONS, SideBySide, block_by_block, in_blocks, out_of_blocks
from polyak.sweeps.one_by_one import Run, one_by_one
from polyak.sweeps.recording import Recording, begun, folded, recorded


@dataclass(frozen=True, eq=False)
class OnProblem:
    """A problem and how it is trained.

    Attributes:
        problem: data, model and loss.
        batch_size: rows in a mini-batch.
        epochs: how often each row is seen.
        every: the loss over all the data is taken each so many rows, and at each epoch's end.
        dtype: float32 or float64.
    """

    problem: Problem
    batch_size: int
    epochs: int
    every: int
    dtype: str
    quantity = "loss"
    seeded = True

    @property
    def plan(self) -> Plan:
        """How an epoch is cut into batches."""
        return Plan.of(rows=self.problem.data.rows, batch_size=self.batch_size, every=self.every)

    @property
    def steps(self) -> int:
        """Batches in all."""
        return self.epochs * self.plan.steps

    def recorded_steps(self) -> np.ndarray:
        """The steps after which the loss is taken, from 0."""
        return self.plan.steps_taken(self.epochs)

    def identity(self) -> dict[str, str]:
        """What tells this target from another."""
        return {
            "problem": f"{self.problem.name} on {self.problem.data.name}",
            **problem_hashes(self.problem, self.params(0)),
            "batch_size": str(self.batch_size),
            "epochs": str(self.epochs),
            "every": str(self.every),
            "dtype": self.dtype,
        }

    def attrs(self) -> dict[str, Any]:
        """What a result says of it."""
        return {
            "target": self.problem.name,
            "data": self.problem.data.name,
            "initial": self._initial(),
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "steps": self.steps,
            "dtype": self.dtype,
        }

    def params(self, seed: int | None) -> Any:
        """The parameters before the first step."""
        first = self.problem.init(parameter_generator(seed or 0))
        return jax.tree.map(lambda x: np.asarray(x, self.dtype), first)

    def _initial(self) -> float:
        """The loss over all the data before the first step, of seed 0."""
        data = self.problem.data
        with jax.enable_x64(True):
            return float(self.problem.loss(self.params(0), *map(jnp.asarray, (data.features, data.labels))))

    def work(self, _recording: Recording) -> float:
        """The arithmetic of one cell, roughly."""
        size = sum(np.size(x) for x in jax.tree.leaves(self.params(0)))
        whole = self.problem.whole or self.problem.data
        looks = len(self.recorded_steps())
        return float(size * (6 * self.steps * (self.batch_size + 2) + 2 * looks * whole.rows))

    def cells(
        self,
        rule: Any,
        values: Mapping[str, Any],
        seed: int | None,
        recording: Recording,
        lanes: int,
        capacity: int,
    ) -> dict[str, Any]:
        """What is recorded of cells with these values, each of shape (cells,), all of one seed."""
        with in_precision(self.dtype):
            params = self.params(seed)
            if not compiles(rule, jax.tree.map(jnp.asarray, params)):
                return one_by_one(recording, values, partial(self._alone, rule, seed))
            blocks, used = in_blocks(values, lanes, capacity, self.dtype)
            loss = self.problem.loss_of_many or self.problem.loss
            steps = self.recorded_steps()[1:].reshape(self.epochs, -1).astype(np.int32)
            rows, whole = on_device(self.problem, self.dtype)
            found = _engine()(
                loss,
                recording,
                rule,
                blocks,
                used,
                params,
                rows,
                whole,
                self._batches(seed or 0),
                steps,
                np.asarray(recording.goal, self.dtype),
            )
            return out_of_blocks(found, len(next(iter(values.values()))))

    def _batches(self, seed: int) -> Any:
        plan = self.plan
        return plan.cut(np.stack([plan.draw(seed, epoch) for epoch in range(self.epochs)]))

    def _alone(self, rule: Any, seed: int | None, values: Mapping[str, float]) -> Run:
        """The run of one cell."""
        history = train(
            rule.replace(**values),
            self.problem,
            batch_size=self.batch_size,
            epochs=self.epochs,
            seed=seed or 0,
            every=self.every,
            dtype=self.dtype,
        )
        losses = history.losses[0]
        return Run(losses, np.isfinite(losses), losses, self.recorded_steps())


@cache
def _engine() -> Callable[..., Any]:
    return jitted(_blocks, {**COMPILER_OPTIONS, **epochs.COMPILER_OPTIONS}, static=(0, 1))


def _blocks(loss: Any, recording: Recording, rule: Any, values: Any, used: Any, *job: Any) -> Any:
    return block_by_block(partial(_block, loss, recording, rule, job), values, used)


def _block(loss: Any, recording: Recording, rule: Any, job: Any, values: Any) -> Any:
    params, rows, whole, batches, steps, goal = job
    lanes = len(jax.tree.leaves(values)[0])
    # Lanes last: a product of a batch with the weights of all lanes is one of two matrices as they lie.
    side_by_side = SideBySide(rule, values, axis=-1)
    slope = jax.vmap(jax.grad(loss), in_axes=(-1, None, None), out_axes=-1)
    losses_of = jax.vmap(loss, in_axes=(-1, None, None))
    one = one_epoch(loop, slope, losses_of, side_by_side, rows, whole)

    def epoch(carry: Any, inputs: Any) -> Any:
        (run, summary), (parts, steps) = carry, inputs
        run, losses = one(run, parts)
        summary = folded(summary, losses, jnp.isfinite(losses), steps, goal)
        return (run, summary), losses if "values" in recording.names else jnp.zeros((len(steps), 0))

    x = jax.tree.map(lambda x: jnp.broadcast_to(x[..., None], (*x.shape, lanes)), params)
    first = losses_of(x, *whole)
    carry = start(side_by_side, x), begun(first, jnp.isfinite(first), goal)
    (_, summary), losses = lax.scan(epoch, carry, (batches, steps))
    kept = None
    if "values" in recording.names:
        kept = jnp.concatenate([first[None], losses.reshape(-1, lanes)])
    return recorded(recording, summary, kept)
