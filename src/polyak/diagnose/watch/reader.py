"""One reading of a training: its loss, its sharpness beside the edge, and each quantity there is; and what it needs of
the steps before.

Of vectors as long as the parameters it holds the parameters of the step before, in whose place comes the update, the
vector that the sharpness carries on, the batch's own gradient and, at every fourth reading, another batch's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from polyak.diagnose.watch.budget import Budget
from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.quantity import quantities
from polyak.diagnose.watch.sharpness import Sharpness
from polyak.frameworks.bridge import Batch, Local
from polyak.frameworks.live import Arrays, Live
from polyak.ground.errors import PolyakError
from polyak.models import Model

SAME_SCALE = 1e-5  # relative: of the mean size of the same rows in another order
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
    """

    number: int
    batch: Batch
    rows: int
    scale: float
    lr: float
    whole: bool


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

    def whole(self, rows: int, scale: float) -> bool:
        """Whether a batch is all the rows: as many, and of the same mean size in another order.

        A model that was given one batch of many has as many rows as that.
        """
        if not rows or rows != self._model.rows:
            return False
        if self._first_scale is None:
            self._first_scale = self._live.batch_numbers(self._bridge.first)[0]
        return math.isclose(scale, self._first_scale, rel_tol=SAME_SCALE)

    def after(self, step: Step) -> None:
        """What a reading to come needs of a step."""
        self._kept = None
        if (step.number + 1) % self._every == 0:
            self._kept = Kept(tuple(x.copy() for x in self._live.parameters()), step)
        settings = self._live.settings()
        for each in quantities():
            if each.before is None:
                continue
            due = step.number + each.ahead(settings)
            if due % self._every == 0:
                self._samples[each.name, due] = each.before(self._context(step, None, None))

    def read(self, step: Step, row: dict[str, object]) -> None:
        """Everything there is to read after a step, into a row."""
        step = step if step.batch is not None else self._with_batch(step)
        kept = self._kept
        updates = None if kept is None else self._moved(kept.parameters)
        own = self._curvature(step, row) if self._budget.allows("curvature") else None
        context = self._beside_another(self._context(step, own, updates), step)
        for each in quantities():
            sample = self._samples.get((each.name, step.number))
            with np.errstate(all="ignore"):
                row[each.name] = each.compute(context if sample is None else replace(context, kept=sample))
        self._samples = {key: sample for key, sample in self._samples.items() if key[1] > step.number}

    def _beside_another(self, context: Context, step: Step) -> Context:
        """With another batch's gradient at hand, where the last one read is another."""
        kept = self._kept
        if context.own_gradients is None or kept is None or kept.step.batch is None or step.whole:
            return context
        return replace(context, other_gradients=self._other(kept.step), other_rows=kept.step.rows)

    def _with_batch(self, step: Step) -> Step:
        """A step that was told of no batch, with the model's own next one."""
        batch = next(self._own, None)
        if batch is None:
            self._own = iter(self._bridge.batches())
            batch = next(self._own)
        rows, scale = self._bridge.rows(batch), self._live.batch_numbers(batch)[0]
        return step._replace(batch=batch, rows=rows, whole=self.whole(rows, scale))

    def _moved(self, before: Arrays) -> Arrays:
        """How far the parameters went since, in the place of where they were."""
        for x, old in zip(self._live.parameters(), before, strict=True):
            np.subtract(x, old, out=old)
        return before

    def _context(self, step: Step, own: Arrays | None, updates: Arrays | None) -> Context:
        gradients = self._live.gradients()
        used, names = own if gradients is None else gradients, self._bridge.names
        held = gradients is not None
        return Context(step.number, names, self._live, used, own, updates, held, None, step.rows)

    def _curvature(self, step: Step, row: dict[str, object]) -> Arrays | None:
        """The loss, the batch's own gradient, and the sharpness beside the edge, as far as they can be had."""
        own: Arrays | None = None
        # The first one begins the vector, which takes more products than the next ones do.
        with self._budget.reading("curvature" if self._sharpness.begun else "beginning"):
            try:
                with self._live.here(), self._bridge.on(step.batch) as local:
                    row["loss"] = local.loss
                    with suppress(PolyakError):  # a rule without an edge: those numbers stay nan
                        row.update(self._sharpness.read(local, whole=step.whole))
                    own = self._gradient(local)  # of the graph that the product has made
            except PolyakError:  # a loss that is not finite
                if "loss" not in row and not self._sharpness.begun:
                    raise
        return own

    def _gradient(self, local: Local) -> Arrays:
        return tuple(self._bridge.named(local.gradient()).values())

    def _other(self, step: Step) -> Arrays | None:
        """The gradient of the batch before, at today's parameters: at every fourth reading, if there is time."""
        self._others += 1
        if self._others % SELDOM != 1 or step.whole or not self._budget.allows("gradient"):
            return None
        timed, here = self._budget.reading("gradient"), self._live.here()
        with timed, suppress(PolyakError), here, self._bridge.on(step.batch) as local:
            return self._gradient(local)
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
            with self._live.here(), self._bridge.on(step.batch) as local:
                factor = self._sharpness.safe_factor(local)
        except PolyakError:
            return math.nan, ""
        return step.lr * factor, f"the mean-square edge of batches of {step.rows:,}, on the safe side"
