"""One reading of a training: its loss, its sharpness beside the edge, and each quantity there is; and what it needs of
the steps before.

Of vectors as long as the parameters it holds four at most: the one that the sharpness carries on, and beside it either
the parameters of the step before, in whose place comes the update, or, once what is of the update has been read, a
gradient with a product, with a random vector at that, or with another batch's at every fourth reading.

Where the rows of a batch do not know of one another a quarter of them is read, at least 64: of fewer the carried vector
is mostly noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from polyak.diagnose.watch.budget import BEGINNING, Budget
from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantities
from polyak.diagnose.watch.sharpness import Sharpness
from polyak.frameworks.bridge import Batch
from polyak.frameworks.live import Arrays, Live
from polyak.ground.errors import PolyakError
from polyak.models import Model

SAME_SCALE = 1e-5  # relative: of the mean size of the same rows in another order
QUARTER, FEWEST = 4, 64  # of a batch's rows, and the fewest that are read of more
SELDOM = 4  # readings, of which one takes another batch's gradient


class Step(NamedTuple):
    """What a step was taken on.

    Attributes:
        number: of the step.
        batch: None where it is not at hand.
        rows: of it; 0 where that is not known.
        scale: the mean size of its real numbers.
        lr: the learning rate.
        whole: whether it is all the rows there are.
        read: the rows that are in `batch`: fewer than `rows` where not all are read.
    """

    number: int
    batch: Batch
    rows: int
    scale: float
    lr: float
    whole: bool
    read: int


class Kept(NamedTuple):
    """The step before a reading."""

    parameters: Arrays
    step: Step


class Reader:
    """What reads a training at some of its steps.

    Args:
        live: the training.
        model: whose it is.
        budget: of the time that it may take.
        every: steps between two readings.
    """

    def __init__(self, live: Live, model: Model, budget: Budget, every: int) -> None:
        self._live, self._bridge, self._model = live, model.bridge, model
        self._budget, self._every = budget, every
        self._sharpness = Sharpness(model.bridge, live, model.rows)
        self._kept: Kept | None = None
        self._samples: dict[tuple[str, int], object] = {}  # of a quantity, for its reading at a step
        self._others = 0  # readings at which another batch's gradient was wanted
        self._first_scale: float | None = None
        self._own: Iterator[Batch] = iter(())  # the model's batches, where a step brings none
        self._ahead = [each for each in quantities() if each.before is not None]

    def whole(self, rows: int, scale: float) -> bool:
        """Whether a batch is all the rows: as many, and of the same mean size in another order.

        A model that was given one batch of many has as many rows as that.
        """
        if not rows or rows != self._model.rows:
            return False
        if self._first_scale is None:
            self._first_scale = self._live.batch_numbers(self._bridge.first)[0]
        return math.isclose(scale, self._first_scale, rel_tol=SAME_SCALE)

    def after(self, step: Step, settings: Mapping[str, float]) -> None:
        """What a reading to come needs of a step, and of the optimizer's settings at it."""
        self._kept = None
        if (step.number + 1) % self._every == 0:
            self._kept = Kept(tuple(x.copy() for x in self._live.parameters()), step)
        context: Context | None = None
        for each in self._ahead:
            due = step.number + each.ahead(settings)
            if due % self._every == 0 and each.before is not None:
                context = self._context(step, None, None) if context is None else context
                self._samples[each.name, due] = each.before(context)

    def read(self, step: Step, row: dict[str, object]) -> None:
        """Everything there is to read after a step, into a row."""
        step = step if step.batch is not None else self._with_batch(step)
        seen: dict[str, object] = {}
        before = self._of_update(step, row, seen)
        step = self._some_of(step)
        own = self._curvature(step, row) if self._budget.allows("curvature") else None
        context = self._context(step, own, None, seen)
        if own is not None and before is not None and before.batch is not None and not step.whole:
            before = self._some_of(before)
            context = replace(context, other_gradients=self._other(before), other_rows=before.read)
        self._compute(context, row, of_update=False)
        self._samples = {key: sample for key, sample in self._samples.items() if key[1] > step.number}

    def _of_update(self, step: Step, row: dict[str, object], seen: dict[str, object]) -> Step | None:
        """What is read of the update, which is then let go; the step before, where it was kept."""
        kept, self._kept = self._kept, None
        updates = None if kept is None else self._moved(kept.parameters)
        self._compute(self._context(step, None, updates, seen), row, of_update=True)
        return None if kept is None else kept.step

    def _compute(self, context: Context, row: dict[str, object], *, of_update: bool) -> None:
        for each in quantities():
            if each.of_update == of_update:
                sample = self._samples.get((each.name, context.step))
                with np.errstate(all="ignore"):
                    row[each.name] = each.compute(
                        context if sample is None else replace(context, kept=sample)
                    )

    def _some_of(self, step: Step) -> Step:
        """A step with the rows of its batch that are read."""
        few = max(step.rows // QUARTER, FEWEST)
        if step.whole or step.rows <= few:
            return step
        some = self._live.part_of(step.batch, few)
        return step if some is step.batch else step._replace(batch=some, read=few)

    def _with_batch(self, step: Step) -> Step:
        """A step that was told of no batch, with the model's own next one."""
        batch = next(self._own, None)
        if batch is None:
            self._own = iter(self._bridge.batches())
            batch = next(self._own)
        rows, scale = self._bridge.rows(batch), self._live.batch_numbers(batch)[0]
        return step._replace(batch=batch, rows=rows, read=rows, whole=self.whole(rows, scale))

    def _moved(self, before: Arrays) -> Arrays:
        """How far the parameters went since, in the place of where they were."""
        for x, old in zip(self._live.parameters(), before, strict=True):
            np.subtract(x, old, out=old)
        return before

    def _context(
        self, step: Step, own: Arrays | None, updates: Arrays | None, seen: dict[str, object] | None = None
    ) -> Context:
        gradients = self._live.gradients()
        used, names = own if gradients is None else gradients, self._bridge.names
        held = gradients is not None
        context = Context(step.number, names, self._live, used, own, updates, held, None, step.read)
        return context if seen is None else replace(context, seen=seen)

    def _curvature(self, step: Step, row: dict[str, object]) -> Arrays | None:
        """The loss, the batch's own gradient, and the sharpness beside the edge, as far as they can be had."""
        own: Arrays | None = None
        # The first one begins the vector, which takes more products than the next ones do.
        with self._budget.reading("curvature" if self._sharpness.begun else BEGINNING):
            try:
                with self._live.here(), self._bridge.on(step.batch) as local:
                    row["loss"] = local.loss
                    with suppress(PolyakError):  # a rule without an edge: those numbers stay nan
                        row.update(self._sharpness.read(local, whole=step.whole, rows=step.rows))
                    own = local.arrays()  # of the graph that the product has made
            except PolyakError:  # a loss that is not finite
                if "loss" not in row and not self._sharpness.begun:
                    raise
        return own

    def _other(self, step: Step) -> Arrays | None:
        """The gradient of the batch before, at today's parameters: at every fourth reading, if there is time."""
        self._others += 1
        if self._others % SELDOM != 1 or step.whole or not self._budget.allows("gradient"):
            return None
        timed, here = self._budget.reading("gradient"), self._live.here()
        with timed, suppress(PolyakError), here, self._bridge.on(step.batch) as local:
            return local.arrays()
        return None

    def safe_lr(self, step: Step, share: float) -> tuple[float, str]:
        """A learning rate to go back to, and on what ground; nan where none is known.

        Args:
            step: at which it is asked for.
            share: of the full batch's edge, at today's learning rate.
        """
        if step.whole:
            return step.lr / share / 2, "half of that edge"
        if step.batch is None:
            return math.nan, ""
        try:
            with self._live.here(), self._bridge.on(self._some_of(step).batch) as local:
                factor = self._sharpness.safe_factor(local, step.rows)
        except PolyakError:
            return math.nan, ""
        return step.lr * factor, f"the mean-square edge of batches of {step.rows:,}, on the safe side"
