"""Epochs of a model that JAX does not compile: step by step in its own framework, a run after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import jax
import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Stepwise, Training
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.models.task import ModelTask
from polyak.rules import Optimizer
from polyak.run.batches import Indices, Plan
from polyak.run.evaluation import HELD_OUT, LOSS, Evaluation
from polyak.run.loop import Carry, compiles

Seen = dict[str, NDArray[Any]]


class StepByStepRuns:
    """The runs of some seeds, an epoch of each in turn: what `begin` and `advance` of the compiled engine are.

    Args:
        rule: with its schedules tabulated.
        task: what is trained.
        evaluation: how it is looked at.
        plan: how an epoch is cut into batches.
        seeds: of the runs.
        replace: whether rows are drawn with replacement.
        dtype: of the numbers.
    """

    def __init__(
        self,
        rule: Optimizer,
        task: ModelTask,
        evaluation: Evaluation,
        plan: Plan,
        seeds: tuple[int, ...],
        dtype: str,
        *,
        replace: bool,
        training: Training,
    ) -> None:
        self._task, self._evaluation, self._plan, self._seeds = task, evaluation, plan, seeds
        self._replace, self._training = replace, training
        rows = task.arrays(dtype)
        self._drawn = training.rows(rows.drawn[0])
        self._whole = self._drawn if rows.whole is rows.drawn else training.rows(rows.whole[0])
        self._out = None if rows.held_out is None else training.rows(rows.held_out[0])
        self._first = task.first(0, dtype)
        self._began = training.arrays()
        self._start = training.start(rule, compiles=compiles(rule, self._first))

    @classmethod
    @contextmanager
    def opened(
        cls,
        rule: Optimizer,
        task: ModelTask,
        evaluation: Evaluation,
        plan: Plan,
        seeds: tuple[int, ...],
        dtype: str,
        *,
        replace: bool,
    ) -> Iterator[StepByStepRuns]:
        """On a copy of the model, alone in this process."""
        with cast("Stepwise", task.pure).training() as training:
            training.load(task.first(0, dtype))
            yield cls(rule, task, evaluation, plan, seeds, dtype, replace=replace, training=training)

    def begin(self) -> tuple[Carry, Seen]:
        """The carry and what is seen before the first step, with a leading axis of seeds: the same for each."""
        runs = len(self._seeds)
        carry = jax.tree.map(lambda x: np.stack([x] * runs), (self._began, self._training.kept(self._start)))
        return carry, {name: np.stack([x] * runs) for name, x in self._seen().items()}

    def advance(self, carry: Carry, epoch: int) -> tuple[Carry, Seen]:
        """An epoch of every seed: the carry, and what was seen, of shape (seeds, records)."""
        ends, records = [], []
        for k, seed in enumerate(self._seeds):
            arrays, state = jax.tree.map(lambda x: x[k], carry)  # noqa: B023
            self._training.load(arrays)
            self._training.seeded(seed, epoch)
            state, seen = self._epoch(self._training.restored(state), seed, epoch)
            ends.append((self._training.arrays(), self._training.kept(state)))
            records.append(seen)
        together: Carry = jax.tree.map(lambda *each: np.stack(each), *ends)
        return together, jax.tree.map(lambda *each: np.stack(each), *records)

    def _epoch(self, state: Pytree, seed: int, epoch: int) -> tuple[Pytree, Seen]:
        recorded, seen, steps = set(self._plan.recorded_steps.tolist()), [], self._plan.steps
        taken = 0
        for taken, batch in enumerate(self._batches(seed, epoch), start=1):
            if taken > steps:
                break
            state = self._training.step(state, batch)
            if taken in recorded:
                seen.append(self._seen())
        if taken != steps:
            raise PolyakError(
                f"epoch {epoch} of the loader has {taken} batches, expected {steps} as its first reading"
            )
        return state, {name: np.stack([each[name] for each in seen]) for name in seen[0]}

    def _batches(self, seed: int, epoch: int) -> Iterator[Batch]:
        """Drawn from the rows by the seed; of a loader whose rows change, its own reading of that epoch."""
        if self._task.own_readings is not None:
            return self._task.own_readings()
        order: Indices = self._plan.draw(seed, epoch, replace=self._replace)
        return self._training.batches(self._drawn, order, self._plan.batch_size)

    def _seen(self) -> Seen:
        """The numbers at the parameters of the moment."""
        loss = self._training.value(self._whole)
        found = {LOSS: loss}
        if self._out is not None:
            found[HELD_OUT] = self._training.value(self._out)
        evaluation = self._evaluation
        if evaluation.name:
            assert evaluation.measure is not None
            answers = self._training.answers(self._drawn if self._out is None else self._out)
            found[evaluation.name] = np.asarray(evaluation.measure(*answers), loss.dtype).reshape(())
        return found
