"""A training watched while it runs: what is free at each step, and each quantity at every so many."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from polyak.diagnose.watch.alarm import Alarm
from polyak.diagnose.watch.begin import facts_of, live_of, require_same
from polyak.diagnose.watch.budget import Budget
from polyak.diagnose.watch.context import Arrays, Context
from polyak.diagnose.watch.facts import Event
from polyak.diagnose.watch.pieces import Columns, Row
from polyak.diagnose.watch.quantity import quantities
from polyak.diagnose.watch.record import Record
from polyak.diagnose.watch.sharpness import Sharpness
from polyak.diagnose.watch.store import Store
from polyak.diagnose.watch.telling import Log, logged, number, say
from polyak.diagnose.watch.watched import Watched
from polyak.frameworks.bridge import Batch
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.models import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OWN = ("step", "loss", "sharpness_read", "sharpness", "edge", "share")
SAME_SCALE = 1e-5  # relative: of the mean size of the same rows in another order
ROWS, SECONDS = 200, 5.0  # of steps that no piece holds, and since the last piece, at most
HELD: weakref.WeakSet[object] = weakref.WeakSet()  # the optimizers that a watch is on


class Watch(Shown):
    """A watch on an optimizer: `step(batch)` after each of its steps, `close()` at the end or `with` around them.

    Attributes:
        facts: whose model and optimizer it is.
        every: steps between two readings.
        stopped: whether it has stopped watching, after an error or at its end.
    """

    def __init__(
        self,
        optimizer: object,
        model: Model,
        *,
        every: int = 50,
        store: object = None,
        log: object = None,
        most_time: float = 0.05,
        before: Watched | None = None,
    ) -> None:
        _check(optimizer, model, most_time)
        self.every = whole_number("every", every, at_least=2)
        self._log = logged(log)
        self._bridge, self._model = model.bridge, model
        self._live = live_of(optimizer, model)
        self._store: Store | None = None
        try:
            self._begin(optimizer, store, before)
        except BaseException:  # a refusal leaves nothing behind
            self._live.close()
            self._close_store()
            raise
        self._budget, self._alarm, self._flushed = Budget(most_time), Alarm(), time.monotonic()
        self._kept: tuple[Arrays, dict[str, object]] | None = None
        self._first_scale: float | None = None
        self._last_loss, self._broken, self.stopped = math.nan, False, False
        self._optimizer = weakref.ref(optimizer)
        HELD.add(optimizer)

    def _begin(self, optimizer: object, store: object, before: Watched | None) -> None:
        """The record, gone on with where there is one."""
        model, names = self._model, self._bridge.names
        widths = tuple(len(names) if each.by_layer else 0 for each in quantities())
        columns = Columns((*OWN, *(each.name for each in quantities())), (*(0 for _ in OWN), *widths))
        self.facts = facts_of(optimizer, model, self._live, self.every)
        if store is not None:
            self._store = Store(store, self.facts, columns)
            require_same(self._store.facts, self.facts, self._store.place.text)
            before = before if self._store.before is None else Watched(*self._store.before)
        self._record = Record(columns, before)
        self._sharpness = Sharpness(optimizer, self._bridge, self._live, model.rows)
        self._taken = self._begun = 0 if before is None else before.last_step
        kind = "began" if before is None else "resumed"
        self._record.events.append(Event(self._taken + 1, kind, f"{kind} with {self.facts.optimizer}"))

    def step(self, batch: Batch, *, loss: object = math.nan) -> None:
        """After the optimizer's step on a batch.

        Args:
            batch: that the step was taken on, as the model's loader gives it.
            loss: of it, a number or a tensor of one, where it is at hand: the watch then sees it at each step, not only
                at its readings.

        An error is one warning, and the watch stops; the training goes on.
        """
        if self.stopped:
            return
        with self._budget.watching():
            try:
                self._step(batch, number(loss))
            except Exception as error:
                self._stop(error)

    def _stop(self, error: Exception) -> None:
        self.stopped = True
        words = str(error) if isinstance(error, PolyakError) else f"{type(error).__name__}: {error}"
        self._record.events.append(Event(self._taken, "stopped", words))
        with suppress(Exception):  # what cannot be written is lost; the training is not
            self._end(write=True)
        say(f"the watch stops at step {self._taken}, the training goes on: {words}", 4)

    def _step(self, batch: Batch, loss: float) -> None:
        if not self._live.stepped():
            return
        self._taken += 1
        scale, finite = self._live.batch_numbers(batch)
        settings, rows = self._live.settings(), self._bridge.rows(batch)
        lr = settings.get("lr", math.nan)
        row: Row = {
            "step": self._taken,
            "lr": lr,
            "momentum": settings.get("momentum", 0.0),
            "batch_size": rows,
            "loss": loss,
            "batch_scale": scale,
            "batch_finite": float(finite),
            "optimizer_step": self._live.count(),
        }
        self._record.steps.append(row)
        told = math.isfinite(self._last_loss)
        breaks = not finite or (told and not math.isfinite(loss))
        self._last_loss = loss
        if self._due(breaks=breaks):
            self._read(batch, rows, lr, whole=self._whole(rows, scale))
        self._kept = None
        if (self._taken + 1) % self.every == 0:
            self._keep(rows)
        safe = partial(self._safe_lr, batch, lr, whole=self._whole(rows, scale))
        self._warn(self._alarm.step(loss, told=told, finite=finite, lr=lr, safe=safe))
        self._flush_in_time()

    def _whole(self, rows: int, scale: float) -> bool:
        """Whether a batch is all the rows: as many, and of the same mean size in another order.

        A model that was given one batch of many has as many rows as that.
        """
        if rows != self._model.rows:
            return False
        if self._first_scale is None:
            self._first_scale = self._live.batch_numbers(self._bridge.first)[0]
        return math.isclose(scale, self._first_scale, rel_tol=SAME_SCALE)

    def _safe_lr(self, batch: Batch, lr: float, *, whole: bool) -> tuple[float, str]:
        """A learning rate to go back to, and on what ground; nan where none is known."""
        share = self._alarm.share_of(lr)
        if whole:
            return lr / share / 2, "half of that edge"
        try:
            with self._bridge.on(batch) as local:
                factor = self._sharpness.safe_factor(local)
        except PolyakError:
            return math.nan, ""
        return (
            lr * factor,
            f"the mean-square edge of batches of {self._bridge.rows(batch):,}, on the safe side",
        )

    def _due(self, *, breaks: bool) -> bool:
        """Whether a reading is due: every so often, at the first step, and where a loss or a batch first breaks."""
        first_break = breaks and not self._broken
        self._broken = self._broken or breaks
        return first_break or self._taken % self.every == 0 or self._taken == self._begun + 1

    def _flush_in_time(self) -> None:
        new, since = len(self._record.steps), time.monotonic() - self._flushed
        if new >= ROWS or (new and since > SECONDS and self._taken % self.every == 0):
            self.flush()

    def _keep(self, rows: int) -> None:
        """What a reading after the next step compares with."""
        context = self._context(None, None, None, rows)
        small = {each.name: each.before(context) for each in quantities() if each.before is not None}
        self._kept = tuple(x.copy() for x in self._live.parameters()), small

    def _context(self, own: Arrays | None, updates: Arrays | None, kept: object, rows: int) -> Context:
        gradients = self._live.gradients()
        used = own if gradients is None else gradients
        names, held = self._bridge.names, gradients is not None
        return Context(self._taken, names, self._live, used, own, updates, held, kept, rows)

    def _read(self, batch: Batch, rows: int, lr: float, *, whole: bool) -> None:
        updates = None
        if self._kept is not None:
            updates = self._kept[0]
            for x, old in zip(self._live.parameters(), updates, strict=True):
                np.subtract(x, old, out=old)
        row: dict[str, object] = {"step": float(self._taken)}
        own = self._curvature(batch, row, whole=whole) if self._budget.allows("curvature") else None
        context = self._context(own, updates, None, rows)
        for each in quantities():
            kept = None if self._kept is None else self._kept[1].get(each.name)
            with np.errstate(all="ignore"):
                row[each.name] = each.compute(context if kept is None else replace(context, kept=kept))
        self._record.readings.append(row)  # type: ignore[arg-type]
        self._alarm.read(float(row.get("share", math.nan)), lr)  # type: ignore[arg-type]
        if self._log is not None:
            self._tell(self._log, row)

    def _curvature(self, batch: Batch, row: dict[str, object], *, whole: bool) -> Arrays | None:
        """The loss, the batch's own gradient, and the sharpness beside the edge, as far as they can be had."""
        own: Arrays | None = None
        # The first one begins the vector, which takes more products than the next ones do.
        with self._budget.reading("curvature" if self._sharpness.begun else "beginning"):
            try:
                with self._bridge.on(batch) as local:
                    row["loss"] = local.loss
                    own = tuple(self._bridge.named(local.gradient()).values())
                    row.update(self._sharpness.read(local, whole=whole))
            except PolyakError:  # a loss that is not finite, a rule without an edge: those numbers stay nan
                if "loss" not in row and self._taken == self._begun + 1:
                    raise
        return own

    def _tell(self, log: Log, row: Mapping[str, object]) -> None:
        at = self._record.steps[-1]
        numbers = {**row, "lr": at["lr"], "momentum": at["momentum"]}
        said = {
            name: float(x) for name, x in numbers.items() if isinstance(x, int | float) and math.isfinite(x)
        }
        try:
            log(said)
        except Exception as error:
            self._log = None
            say(f"log= fails and is not called again: {type(error).__name__}: {error}", 6)

    def _warn(self, line: str) -> None:
        if line:
            self._record.events.append(Event(self._taken, "warned", line))
            say(f"step {self._taken:,}: {line}", 5)

    def flush(self) -> None:
        """Write what is new as one piece of the store."""
        piece = self._record.packed()
        self._flushed = time.monotonic()
        if self._store is not None:
            self._store.write(piece)

    def close(self) -> None:
        """Write the last piece, let others write and watch."""
        if not self.stopped:
            self.stopped = True
            self._end(write=True)

    def _end(self, *, write: bool) -> None:
        self._live.close()
        optimizer = self._optimizer()
        if optimizer is not None:
            HELD.discard(optimizer)
        try:
            if write:
                self.flush()
        finally:
            self._close_store()

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    @property
    def watched(self) -> Watched:
        """What was seen so far."""
        record = self._record
        return Watched(self.facts, record.all_steps(), record.all_readings(), record.all_events())

    @property
    def time_share(self) -> float:
        """What the watch has taken, of the training's time."""
        return self._budget.share

    def verdict(self) -> str:
        """One sentence: how much of the edge the lr uses, how the sharpness went, where ripples may begin."""
        return self.watched.verdict()

    def plot(self) -> Figure:
        """A figure of what was seen so far."""
        return self.watched.plot()

    def __str__(self) -> str:
        return str(self.watched)


def _check(optimizer: object, model: object, most_time: float) -> None:
    if not isinstance(model, Model):
        raise PolyakError(f"a watch of a {type(model).__name__}, expected pk.model(...)")
    if not most_time > 0:
        raise PolyakError(
            f"most_time is {readable(most_time)}, expected a share of the training's time: 0.05"
        )
    if optimizer in HELD:
        raise PolyakError("this optimizer is watched already: close() that watch first")
