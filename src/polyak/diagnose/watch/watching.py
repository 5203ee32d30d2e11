"""A training watched while it runs: what is free at each step, and each quantity at every so many."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from polyak.diagnose.watch.alarm import Alarm
from polyak.diagnose.watch.begin import facts_of, live_of, require_alone, require_possible, require_same
from polyak.diagnose.watch.budget import Budget
from polyak.diagnose.watch.facts import Event
from polyak.diagnose.watch.pieces import Columns, Row
from polyak.diagnose.watch.quantity import quantities
from polyak.diagnose.watch.reader import Reader, Step
from polyak.diagnose.watch.record import Record
from polyak.diagnose.watch.sketch import require_same_run, sketch_of
from polyak.diagnose.watch.store import Store
from polyak.diagnose.watch.telling import Log, logged, number, say
from polyak.diagnose.watch.watched import Watched
from polyak.frameworks.bridge import Batch
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.ground.types import Pytree
from polyak.models import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OWN = ("step", "loss", "sharpness_read", "sharpness", "edge", "share", "noise_growth")
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
        require_possible(model, most_time)
        self.every = whole_number("every", every, at_least=2)
        self._log = logged(log)
        self._bridge, self._model = model.bridge, model
        self._live = live_of(optimizer, model)
        self._store: Store | None = None
        try:
            require_alone(optimizer, self._live, HELD)
            self._begin(store, before)
        except BaseException:  # a refusal leaves nothing behind
            self._live.close()
            self._close_store()
            raise
        self._budget, self._alarm, self._flushed = Budget(most_time), Alarm(), time.monotonic()
        self._reader = Reader(self._live, model, self._budget, self.every)
        self._last_loss, self._broken, self.stopped = math.nan, False, False
        self._optimizer = weakref.ref(optimizer) if self._live.holds else lambda: None
        if self._live.holds:
            HELD.add(optimizer)

    def _begin(self, store: object, before: Watched | None) -> None:
        """The record, gone on with where there is one."""
        model, names = self._model, self._bridge.names
        widths = tuple(len(names) if each.by_layer else 0 for each in quantities())
        columns = Columns((*OWN, *(each.name for each in quantities())), (*(0 for _ in OWN), *widths))
        self.facts = facts_of(model, self._live, self.every)
        if store is not None:
            self._store = Store(store, self.facts, columns)
            held, place = self._store.facts, self._store.place.text
            require_same(held, self.facts, place)
            require_same_run(self.facts.start, held.start, self._store.sketches, place)
            before = before if self._store.before is None else Watched(*self._store.before)
        self._record = Record(columns, before)
        self._taken = self._begun = 0 if before is None else before.last_step
        kind = "began" if before is None else "resumed"
        self._record.events.append(Event(self._taken + 1, kind, f"{kind} with {self.facts.optimizer}"))

    def step(
        self,
        batch: Batch = None,
        params: Pytree = None,
        opt_state: Pytree = None,
        *,
        loss: object = None,
    ) -> None:
        """After the optimizer's step on a batch.

        Args:
            batch: that the step was taken on, as the model's loader gives it; None where it is not at hand:
                readings are then of the model's own batches, in turn.
            params: after the step, in JAX, which holds nothing; else None.
            opt_state: that its update returned, in JAX; else None.
            loss: of it, a number or a tensor of one, where it is at hand: the watch then sees it at each step, not only
                at its readings.

        An error is one warning, and the watch stops; the training goes on.
        """
        if self.stopped:
            return
        with self._budget.watching():
            try:
                self._live.given(params, opt_state)
                self._step(batch, math.nan if loss is None else number(loss), told=loss is not None)
            except Exception as error:
                self._stop(error)

    def _stop(self, error: Exception) -> None:
        self.stopped = True
        words = str(error) if isinstance(error, PolyakError) else f"{type(error).__name__}: {error}"
        self._record.events.append(Event(self._taken, "stopped", words))
        with suppress(Exception):  # what cannot be written is lost; the training is not
            self._end(write=True)
        say(f"the watch stops at step {self._taken}, the training goes on: {words}", 4)

    def _step(self, batch: Batch, loss: float, *, told: bool) -> None:
        if not self._live.stepped():
            return
        self._taken += 1
        settings, known = self._live.settings(), batch is not None
        scale, finite = self._live.batch_numbers(batch) if known else (math.nan, True)
        rows = self._bridge.rows(batch) if known else 0
        lr = settings.get("lr", math.nan)
        row: Row = {
            "step": self._taken,
            "lr": lr,
            "momentum": settings.get("momentum", 0.0),
            "batch_size": rows if known else math.nan,
            "loss": loss,
            "batch_scale": scale,
            "batch_finite": float(finite),
            "optimizer_step": self._live.count(),
        }
        self._record.steps.append(row)
        step = Step(self._taken, batch, rows, scale, lr, self._reader.whole(rows, scale), rows)
        told = told and math.isfinite(self._last_loss)
        breaks = not finite or (told and not math.isfinite(loss))
        if not math.isnan(loss) or told:
            self._last_loss = loss
        if self._due(breaks=breaks):
            self._read(step)
        self._reader.after(step, settings)
        safe = partial(self._reader.safe_lr, step, self._alarm.share_of(lr))
        self._warn(self._alarm.step(loss, told=told, finite=finite, lr=lr, safe=safe))
        self._flush_in_time()

    def _due(self, *, breaks: bool) -> bool:
        """Whether a reading is due: every so often, at the first step, and where a loss or a batch first breaks."""
        first_break = breaks and not self._broken
        self._broken = self._broken or breaks
        return first_break or self._taken % self.every == 0 or self._taken == self._begun + 1

    def _flush_in_time(self) -> None:
        new, since = len(self._record.steps), time.monotonic() - self._flushed
        if new >= ROWS or (new and since > SECONDS and self._taken % self.every == 0):
            self.flush()

    def _read(self, step: Step) -> None:
        row: dict[str, object] = {"step": float(step.number)}
        put_off = self._budget.put_off
        self._reader.read(step, row)
        if self._budget.put_off > put_off == 0:
            self._say_put_off()
        self._record.readings.append(row)  # type: ignore[arg-type]
        self._alarm.read(float(row.get("share", math.nan)), step.lr)  # type: ignore[arg-type]
        if self._log is not None:
            self._tell(self._log, row)

    def _say_put_off(self) -> None:
        """Once: that readings of the curvature are further apart than was asked, and why."""
        cost, step = (
            self._budget.costs["curvature"],
            self._budget.training / max(self._taken - self._begun, 1),
        )
        most = readable(100 * self._budget.most, 2)
        self._record.events.append(
            Event(
                self._taken,
                "put off",
                f"a reading of the curvature takes {readable(cost / step, 2)} steps' time: to keep to {most} % of the "
                f"training's they come less often than every {self.every:,} steps",
            )
        )

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
        piece = self._record.packed(self._sketch() if self._store is not None else ())
        self._flushed = time.monotonic()
        if self._store is not None:
            self._store.write(piece)

    def _sketch(self) -> tuple[float, ...]:
        """Of the parameters now; empty where they are gone, as JAX's are that were donated to a next step."""
        with suppress(Exception):
            return sketch_of(self._live.parameters())
        return ()

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
