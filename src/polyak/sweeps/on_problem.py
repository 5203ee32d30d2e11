"""Cells that train a problem, each seed's batches shared by all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyak.ground.compiled import THOROUGH, jitted
from polyak.ground.hashing import bytecode_hash, code_hash
from polyak.ground.precision import in_precision
from polyak.ground.types import Pytree
from polyak.problems import Problem, Task
from polyak.problems.on_device import on_device
from polyak.rules import Optimizer
from polyak.run.batches import Indices, Plan
from polyak.run.epochs import Drawn, one_epoch
from polyak.run.evaluation import HELD_OUT, LOSS, Evaluation, Looked, Seen
from polyak.run.loop import Carry, compiles, loop, start
from polyak.run.train import train
from polyak.sweeps.in_lanes import in_lanes, kind_of, ran_out
from polyak.sweeps.lanes import COMPILER_OPTIONS, ByLane, SideBySide, block_by_block
from polyak.sweeps.one_by_one import Run, one_by_one
from polyak.sweeps.recording import Looks, Recording

Batches = tuple[Indices, ...]
"""The rows of the batches of an epoch: of the regular records, the rest of the full batches, the last batch."""


@dataclass(frozen=True, eq=False)
class OnProblem:
    """A problem, or a user's own model, and how it is trained.

    Attributes:
        problem: data, model and loss.
        batch_size: rows in a mini-batch.
        epochs: how often each row is seen.
        every: the loss over all the data is taken each so many rows, and at each epoch's end.
        dtype: float32 or float64.
        measure: as `train` takes it, None for none.
    """

    problem: Task
    batch_size: int
    epochs: int
    every: int
    dtype: str
    measure: object = None
    quantity = "loss"
    seeded = True

    @property
    def compiled(self) -> bool:
        """Whether JAX compiles it."""
        return self.problem.compiled

    @property
    def reasons(self) -> bool:
        """Whether it is recorded why a run ended: of a model of the user's own, which may be large."""
        return not isinstance(self.problem, Problem)

    @cached_property
    def evaluation(self) -> Evaluation:
        """How a cell is looked at."""
        return Evaluation.of(self.problem, self.measure)

    @property
    def beside(self) -> tuple[str, ...]:
        """What is seen beside the loss."""
        return self.evaluation.names(self.problem)[1:]

    def check(self) -> None:
        """Try the measure, before anything runs."""
        with in_precision(self.dtype):
            self.evaluation.check(self.problem, self.dtype)

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

    def sizes(self) -> dict[str, int]:
        """How long each dimension behind the plane's is."""
        return {"step": len(self.recorded_steps())}

    def identity(self) -> dict[str, str]:
        """What tells this training from others."""
        return {
            **self.problem.about(self.dtype),
            **({"measure": self._measured()} if self.evaluation.name else {}),
            "batch_size": str(self.batch_size),
            "epochs": str(self.epochs),
            "every": str(self.every),
            "dtype": self.dtype,
        }

    def attrs(self) -> dict[str, Any]:
        """What a result says of it."""
        return {
            "on": self.problem.name,
            "data": self.problem.data.name,
            "initial": self._initial(),
            **({"held_out_rows": kept} if (kept := self.problem.held_out_rows()) else {}),
            **({"measure": self.evaluation.name} if self.evaluation.name else {}),
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "steps": self.steps,
            "dtype": self.dtype,
        }

    def _measured(self) -> str:
        """What the measure computes, beside its name: two of one name may differ."""
        with in_precision(self.dtype):
            looked = self.evaluation.looked_at(on_device(self.problem, self.dtype))
            code = code_hash(lambda x: self.evaluation.seen(x, looked), self.params(0))
        measure = self.evaluation.measure
        if not code and measure is not None and hasattr(measure, "__code__"):
            code = bytecode_hash([measure])
        return f"{self.evaluation.name} {code}"

    def params(self, seed: int | None) -> Pytree:
        """The parameters before the first step."""
        return self.problem.first(seed or 0, self.dtype)

    def _initial(self) -> float:
        """The loss over all the data before the first step, of seed 0; nan where memory does not hold what it takes."""
        # A user's own code is not asked for numbers of two precisions.
        dtype = "float64" if isinstance(self.problem, Problem) else self.dtype
        with in_precision(dtype):
            drawn = self.problem.arrays(dtype).drawn
            rows = jax.tree.map(jnp.asarray, drawn) if self.compiled else drawn
            try:
                return float(self.problem.loss(self.params(0), *rows))
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                if not ran_out(error):
                    raise
                return math.nan

    def work(self, _recording: Recording) -> float:
        """The arithmetic of one cell, roughly."""
        size = sum(np.size(x) for x in jax.tree.leaves(self.params(0)))
        whole = len(jax.tree.leaves(self.problem.arrays(self.dtype).whole)[0])
        looks = len(self.recorded_steps())
        return float(size * (6 * self.steps * (self.batch_size + 2) + 2 * looks * whole))

    def cells(
        self,
        rule: Optimizer,
        values: Mapping[str, np.ndarray],
        seed: int | None,
        recording: Recording,
        lanes: int,
        capacity: int,
    ) -> dict[str, np.ndarray]:
        """What is recorded of cells with these values, each of shape (cells,), all of one seed."""
        with in_precision(self.dtype):
            params = self.params(seed)
            if not self.compiled or not compiles(rule, jax.tree.map(jnp.asarray, params)):
                return one_by_one(
                    recording, values, partial(self._alone, rule, seed), self.sizes(), self.dtype
                )
            # Lanes last, a product of a batch with the weights of all lanes is one of two matrices as they lie; a
            # network's later layers have inputs of each lane's own: their products are faster one after the other.
            axis = -1 if isinstance(self.problem, Problem) else 0
            evaluation = self.evaluation._replace(loss=self.problem.loss_of_many or self.problem.loss)
            steps = self.recorded_steps()[1:].reshape(self.epochs, -1).astype(np.int32)
            rows = on_device(self.problem, self.dtype)
            goal = np.asarray(recording.goal, self.dtype)
            looked = evaluation.looked_at(rows)
            training = params, rows.drawn, looked, self._batches(seed or 0), steps, goal

            def engine(blocks: Mapping[str, np.ndarray], used: int, lanes: int) -> ByLane:
                del lanes
                return _engine()(evaluation, recording, axis, rule, blocks, used, training)

            return in_lanes(
                engine,
                values,
                lanes,
                capacity,
                recording,
                self.sizes(),
                self.dtype,
                (evaluation, recording, kind_of((rule, training))),
                reasons=self.reasons,
            )

    def _batches(self, seed: int) -> Batches:
        plan = self.plan
        return tuple(plan.cut(np.stack([plan.draw(seed, epoch) for epoch in range(self.epochs)])))

    def _alone(self, rule: Optimizer, seed: int | None, settings: Mapping[str, float]) -> Run:
        """What is seen of one cell."""
        history = train(
            rule.replace(**settings),
            self.problem,
            batch_size=self.batch_size,
            epochs=self.epochs,
            seed=seed or 0,
            every=self.every,
            dtype=self.dtype,
            measure=self.measure,  # type: ignore[arg-type]
        )
        losses = history.losses[0]
        beside = {
            name: series[0]
            for name, series in (
                (HELD_OUT, history.held_out_losses),
                (history.measure, history.measures),
            )
            if series is not None
        }
        return Run(self.recorded_steps(), losses, np.isfinite(losses), beside=beside)


@cache
def _engine() -> Callable[..., ByLane]:
    return jitted(_blocks, {**COMPILER_OPTIONS, **THOROUGH}, static=(0, 1, 2))


def _blocks(
    evaluation: Evaluation,
    recording: Recording,
    axis: int,
    rule: Optimizer,
    values: ByLane,
    used: jax.Array,
    training: Pytree,
) -> ByLane:
    return block_by_block(partial(_block, evaluation, recording, axis, rule, *training), values, used)


def _block(
    evaluation: Evaluation,
    recording: Recording,
    axis: int,
    rule: Optimizer,
    params: Pytree,
    rows: Drawn,
    looked: Looked,
    batches: Batches,
    steps: jax.Array,
    goal: jax.Array,
    values: ByLane,
) -> ByLane:
    """Lanes side by side from the same parameters through the same batches."""
    lanes = len(jax.tree.leaves(values)[0])
    side_by_side = SideBySide(rule, values, axis=axis)
    slope = jax.vmap(jax.grad(evaluation.loss), in_axes=(axis, *[None] * len(rows)), out_axes=axis)
    seen_of = jax.vmap(evaluation.seen, in_axes=(axis, None))
    one = one_epoch(loop, slope, seen_of, side_by_side, rows, looked)

    def looks_at(steps: jax.Array, seen: Seen) -> Looks:
        losses, beside = seen[LOSS], {name: each for name, each in seen.items() if name != LOSS}
        return Looks(steps, losses, jnp.isfinite(losses), goal, beside=beside)

    def epoch(
        carry: tuple[Carry, ByLane], inputs: tuple[Batches, jax.Array]
    ) -> tuple[tuple[Carry, ByLane], ByLane]:
        (run, kept), (parts, steps) = carry, inputs
        run, seen = one(run, parts)
        looks = looks_at(steps, seen)
        return (run, recording.folded(kept, looks)), recording.series(looks)

    x = jax.tree.map(lambda x: _spread(x, lanes, axis), params)
    first = looks_at(jnp.zeros(1, jnp.int32), jax.tree.map(lambda each: each[None], seen_of(x, looked)))
    (_, kept), series = lax.scan(epoch, (start(side_by_side, x), recording.begun(first)), (batches, steps))
    whole_series = jax.tree.map(
        lambda first, rest: jnp.concatenate([first, rest.reshape(-1, lanes)]), recording.series(first), series
    )
    return recording.variables(kept, whole_series)


def _spread(x: jax.Array, lanes: int, axis: int) -> jax.Array:
    """The same for every lane."""
    return (
        jnp.broadcast_to(x[None], (lanes, *x.shape))
        if axis == 0
        else jnp.broadcast_to(x[..., None], (*x.shape, lanes))
    )
