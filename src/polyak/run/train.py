"""Train a problem with a rule, in mini-batches, over one seed or several side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from polyak.data import Data
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.precision import checked_dtype, in_precision
from polyak.ground.progress import Progress, unasked
from polyak.models import Model
from polyak.models.task import ModelTask, as_task
from polyak.problems import Task
from polyak.problems.on_device import on_device
from polyak.rules import Optimizer, as_rule, tabulated
from polyak.run import checkpoint as checkpoints
from polyak.run.affordable import check_memory_of
from polyak.run.batches import Indices, Plan
from polyak.run.epochs import advance_eager, begin_eager, engine
from polyak.run.evaluation import HELD_OUT, LOSS, Evaluation
from polyak.run.history import History
from polyak.run.loop import Carry, compiles
from polyak.run.seeds import seeds_from
from polyak.run.step_by_step import StepByStepRuns

Recorded = NDArray[np.floating[Any]]
Looks = Mapping[str, Any]  # what was seen, by name
Begin = Callable[[], tuple[Carry, Looks]]
Advance = Callable[[Carry, range], tuple[Carry, Looks]]
BATCH_SIZE, EVERY = 10, 100  # of a problem, unless said
STEPS_A_CALL = 100_000  # of one compiled call: well under a second for a small model


def train(
    rule: object,
    on: Task | Data | Model | str,
    *,
    batch_size: int | None = None,
    epochs: int = 2,
    seed: int = 0,
    seeds: int | Sequence[int] | None = None,
    every: int | None = None,
    replace: bool = False,
    held_out: float | Data | tuple[Any, Any] | None = None,
    measure: str | Callable[..., object] | None = None,
    dtype: str = "float32",
    quick: bool = False,
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
    **settings: Any,
) -> History:
    """The losses of a rule that trains a problem, or a model of the user's own, in mini-batches.

    Args:
        rule: an update rule with its settings, or the name of one of ours; an Optax optimizer is one too, and
            torch:NAdam, or torch.optim.NAdam, is what our rules say that it is.
        on: a Problem; or a data set or the name of one of ours, for least squares or the regression on its classes;
            or what `pk.model` made of a JAX loss or a torch net, whose runs all begin at the parameters that it has
            then. A torch model is trained step by step on a copy, and a measure gets torch's tensors.
        batch_size: rows in a mini-batch, at most all of them; an epoch's last batch may be smaller. By default 10, and
            of a model what its own batches have.
        epochs: how often each row is seen, at least 1.
        seed: of the first parameters and of the order of the rows.
        seeds: how many runs side by side (seed, seed + 1 ...), or their seeds.
        every: the loss over all the data is recorded each `every` rows, and at the end of each epoch; by default 100,
            and of a model at the ends alone.
        replace: draw rows with replacement, instead of a new permutation each epoch.
        held_out: a share of the rows that nothing is trained on, such as 0.2, of each class alike; or other rows.
        measure: accuracy, or a function of (outputs, targets): over the rows held out, or over all where none are.
        dtype: float32 or float64.
        quick: compile in a third of the time, to code that is some times slower: for a short training.
        progress: called with (epochs done, epochs in all).
        checkpoint: a file that keeps the state of a long training; the same call with the same file goes
            on from it, to the same end bit for bit. It is removed when the training is done.
        settings: of a rule that is given by its name or its class.

    Returns a History. Divergence is no error: losses become inf or nan, and `diverged_at` names the step.
    Raises PolyakError for input that cannot be used.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> history = pk.train(pk.HeavyBall(lr=0.01, momentum=0.5), problem, batch_size=10, epochs=5, seed=0)
    >>> history.losses.shape, bool(history.final_losses[0] < 0.26 < 0.48 < history.losses[0, 0])
    ((1, 26), True)
    """
    from polyak.frameworks.spelled_rule import is_spelled, spelled_rule  # read only by who trains

    if is_spelled(rule):
        optimizer: Optimizer = spelled_rule(rule).replace(**settings)  # type: ignore[arg-type]
    else:
        optimizer = as_rule(rule, train, **settings)
    problem = as_task(on, held_out)
    evaluation = Evaluation.of(problem, measure)
    rows = problem.data.rows
    batch_size = batch_size_of(problem, batch_size)
    epochs = whole_number("epochs", epochs, at_least=1)
    # Past two epochs' rows, `every` only says that no record lies within an epoch.
    every = rows if every is None and isinstance(problem, ModelTask) else EVERY if every is None else every
    every = min(whole_number("every", every, at_least=1), 2 * rows)
    numbers = seeds_from(seed, seeds)
    dtype = checked_dtype(dtype)
    plan = Plan.of(rows=rows, batch_size=batch_size, every=every, replace=replace)
    check_memory_of(problem, epochs=epochs, runs=len(numbers), records=len(plan.recorded_steps))
    began = time.perf_counter()
    with in_precision(dtype):
        evaluation.check(problem, dtype)
        run = _Training(
            tabulated(optimizer, epochs * plan.steps),
            problem,
            evaluation,
            plan,
            numbers,
            replace,
            dtype,
            quick,
        )
        file = None if checkpoint is None else Path(checkpoint)
        identity = run.identity(epochs) if file else {}
        (params, state), seen = run.finish(epochs, progress or unasked("epochs"), file, identity)
    return History(
        rule=optimizer,
        problem=problem,
        batch_size=batch_size,
        seeds=numbers,
        rows_seen=plan.rows_seen(epochs),
        steps_taken=plan.steps_taken(epochs),
        losses=seen[LOSS],
        params=params,
        state=state,
        seconds=time.perf_counter() - began,
        held_out_losses=seen.get(HELD_OUT),
        measure=evaluation.name,
        measures=seen.get(evaluation.name),
    )


def batch_size_of(task: Task, asked: int | None) -> int:
    """Rows in a mini-batch: as asked, or as suits the task, at most all."""
    rows = task.data.rows
    own = getattr(task, "own_readings", None) is not None
    if own and asked not in (None, task.batch_size):  # type: ignore[attr-defined]
        raise PolyakError(
            f"batch_size is {asked!r}, but the loader's rows are others in each reading, and its batches are trained"
            f" on as they come, {task.batch_size} rows each: expected a loader with that batch_size"  # type: ignore[attr-defined]
        )
    if asked is None:
        return min(task.batch_size if isinstance(task, ModelTask) else BATCH_SIZE, rows)
    return whole_number("batch_size", asked, at_least=1, at_most=rows)


class _Training:
    """One call of `train`: what stays the same from one compiled call to the next."""

    def __init__(
        self,
        rule: Optimizer,
        problem: Task,
        evaluation: Evaluation,
        plan: Plan,
        seeds: tuple[int, ...],
        replace: bool,
        dtype: str,
        quick: bool,
    ) -> None:
        self.rule, self.problem, self.plan = rule, problem, plan
        self.seeds, self.replace, self.dtype, self.quick = seeds, replace, dtype, quick
        self.evaluation, self.names = evaluation, evaluation.names(problem)

    def identity(self, epochs: int) -> dict[str, str]:
        """What tells this training from another."""
        return checkpoints.fingerprint(
            self.rule,
            self.problem,
            plan=self.plan,
            epochs=epochs,
            seeds=self.seeds,
            replace=self.replace,
            dtype=self.dtype,
            quick=self.quick,
            **({"measure": self.evaluation.name} if self.evaluation.name else {}),
        )

    def finish(
        self, epochs: int, progress: Progress, file: Path | None, identity: dict[str, str]
    ) -> tuple[Carry, dict[str, Recorded]]:
        """Run what is left of `epochs` epochs, in compiled calls of many; the carry, and what was seen by name."""
        with self._engine() as (begin, advance, steps_a_call):
            return self._finish(begin, advance, steps_a_call, epochs, progress, file, identity)

    @contextmanager
    def _engine(self) -> Iterator[tuple[Begin, Advance, int]]:
        """What begins, and what runs some epochs, compiled or not; and how many steps a call of it may have."""
        if isinstance(self.problem, ModelTask) and not self.problem.compiled:
            how = self.rule, self.problem, self.evaluation, self.plan, self.seeds, self.dtype
            with StepByStepRuns.opened(*how, replace=self.replace) as runs:
                yield runs.begin, lambda carry, upcoming: runs.advance(carry, upcoming.start), 1
            return
        first = [self.problem.first(seed, self.dtype) for seed in self.seeds]
        params = jax.tree.map(lambda *arrays: np.stack(arrays), *first)
        rows = on_device(self.problem, self.dtype)
        looked = self.evaluation.looked_at(rows)
        compiled = compiles(self.rule, first[0])
        begin, advance = engine(quick=self.quick) if compiled else (begin_eager, advance_eager)

        def some(carry: Carry, upcoming: range) -> tuple[Carry, Looks]:
            batches = self._batches(upcoming)
            return advance(self.evaluation, self.rule, carry, rows.drawn, looked, batches)

        yield (
            lambda: begin(self.evaluation, self.rule, params, looked),
            some,
            STEPS_A_CALL if compiled else 1,
        )

    def _finish(
        self,
        begin: Begin,
        advance: Advance,
        steps_a_call: int,
        epochs: int,
        progress: Progress,
        file: Path | None,
        identity: dict[str, str],
    ) -> tuple[Carry, dict[str, Recorded]]:
        carry, before = begin()
        done, losses = 0, self._flat(before)
        if file and (stored := checkpoints.load(file, identity, carry, epochs, self._recorded)):
            done, carry, losses = stored
        a_call = max(1, steps_a_call // (self.plan.steps * len(self.seeds)))
        progress(done, epochs)
        while done < epochs:
            upcoming = range(done, min(done + a_call, epochs))
            carry, new = advance(carry, upcoming)
            losses = np.concatenate([losses, self._flat(new)], axis=1)
            done = upcoming.stop
            progress(done, epochs)
            if file and done < epochs:
                checkpoints.save(file, identity, done, carry, losses)
        if file:
            checkpoints.remove(file)
        ended: Carry = jax.tree.map(np.asarray, carry)
        return ended, {name: losses[..., k] for k, name in enumerate(self.names)}

    def _flat(self, seen: Looks) -> Recorded:
        """What was seen, shape (seeds, records, names)."""
        arrays = [np.asarray(seen[name]).reshape(len(self.seeds), -1) for name in self.names]
        return np.stack(arrays, axis=-1)

    def _recorded(self, epochs: int) -> tuple[int, int, int]:
        """The shape of what was seen after so many epochs."""
        return len(self.seeds), len(self.plan.rows_seen(epochs)), len(self.names)

    def _batches(self, epochs: range) -> tuple[Indices, Indices, Indices]:
        """The rows of each batch: (seeds, epochs, records, steps per record, batch), and the rest, and the last."""
        orders = [[self.plan.draw(seed, e, replace=self.replace) for e in epochs] for seed in self.seeds]
        return self.plan.cut(np.array(orders))
