r"""A torch training watched while it runs: what is free at each step, and at every so many steps each quantity.

    v <- P^{1/2} H_b P^{1/2} v / |.|,    a = v . P^{1/2} H_b P^{1/2} v  read on a batch b that v has not seen,

    share = 1/edge(a)

P is what a gradient moves each entry by, read off the optimizer; v is carried on from reading to reading.
a is the mean of
the last eight readings, of one where a batch is all rows.

So far this is the recording alone: it warns of nothing, has no callback, and its time is not bounded.
"""

from __future__ import annotations

import math
import uuid
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.context import Arrays, Context
from polyak.diagnose.watch.facts import Event, Facts
from polyak.diagnose.watch.pieces import Columns, Piece, Row
from polyak.diagnose.watch.quantity import quantities
from polyak.diagnose.watch.store import Store
from polyak.diagnose.watch.watched import Watched
from polyak.frameworks.classify import reading_of
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.version import __version__
from polyak.models import Model
from polyak.theory.motion import motion

OWN = ("step", "loss", "sharpness_read", "sharpness", "edge", "share")
FIRST = 8  # products with which the carried vector begins
MEAN = 8  # readings of which the sharpness is the mean
FLUSH = 200  # steps of a piece


class LiveWatch:
    """A watch on a torch optimizer: `step(batch, loss=)` after each of its steps, `close()` at the end."""

    def __init__(
        self,
        optimizer: Any,  # noqa: ANN401
        model: Model,
        *,
        every: int = 50,
        store: object = None,
        before: Watched | None = None,
    ) -> None:
        from polyak.frameworks.torch.live import TorchLive

        self.optimizer, self.model, self.every = optimizer, model, whole_number("every", every, at_least=2)
        self.bridge = model.bridge
        self.live = TorchLive(optimizer, self.bridge)  # type: ignore[arg-type]
        self.layers = self.bridge.names
        widths = tuple(len(self.layers) if each.by_layer else 0 for each in quantities())
        self.columns = Columns((*OWN, *(each.name for each in quantities())), (*(0 for _ in OWN), *widths))
        self.facts = self._facts()
        self.store = None if store is None else Store(store, self.facts, self.columns)
        before = self.store.before if self.store is not None and self.store.before else before
        self.rows: list[Row] = [] if before is None else _rows(before.steps)
        self.readings: list[Row] = [] if before is None else _rows(before.readings)
        self.events = [] if before is None else list(before.events)
        self.taken = 0 if before is None else before.last_step
        kind = "began" if before is None else "resumed"
        self.events.append(Event(self.taken + 1, kind, f"{kind} with {self.facts.optimizer}"))
        self.written = (
            (0, 0, 0)
            if self.store is None or before is None
            else (*map(len, (self.rows, self.readings)), len(self.events) - 1)
        )
        self.vector: Any = None
        self.kept: tuple[Arrays, dict[str, object]] | None = None
        self.begun = self.taken
        self.stopped = self.broken = False

    def step(self, batch: object, *, loss: float = math.nan) -> None:
        """After the optimizer's step on a batch. An error is one warning, and the watch stops; the training goes on."""
        if self.stopped:
            return
        try:
            self._step(batch, float(loss))
        except Exception as error:
            self.stopped = True
            self.events.append(Event(self.taken, "stopped", f"{type(error).__name__}: {error}"))
            warnings.warn(
                f"the watch stops at step {self.taken}, the training goes on: {error}", stacklevel=2
            )

    def _step(self, batch: object, loss: float) -> None:
        self.taken += 1
        scale, finite = self.live.batch_numbers(batch)
        settings, rows = self.live.settings(), self.bridge.rows(batch)
        self.rows.append(
            {
                "step": self.taken,
                "lr": settings.get("lr", math.nan),
                "momentum": settings.get("momentum", 0.0),
                "batch_size": rows,
                "loss": loss,
                "batch_scale": scale,
                "batch_finite": float(finite),
                "optimizer_step": self.live.count(),
            }
        )
        told = len(self.rows) > 1 and math.isfinite(float(self.rows[-2]["loss"]))
        breaks = not self.broken and (not finite or (told and not math.isfinite(loss)))
        self.broken = self.broken or breaks
        if self.taken % self.every == 0 or self.taken == self.begun + 1 or breaks:
            self._read(batch, rows)
        self.kept = None
        if (self.taken + 1) % self.every == 0:
            context = self._context(None, None, None, rows)
            small = {each.name: each.before(context) for each in quantities() if each.before is not None}
            self.kept = tuple(x.copy() for x in self.live.parameters()), small
        if len(self.rows) % FLUSH == 0:
            self.flush()

    def _context(self, own: Arrays | None, updates: Arrays | None, kept: object, rows: int) -> Context:
        gradients = self.live.gradients()
        return Context(
            self.taken,
            self.layers,
            self.live,
            own if gradients is None else gradients,
            own,
            updates,
            gradients is not None,
            kept,
            rows,
        )

    def _read(self, batch: object, rows: int) -> None:
        updates = None
        if self.kept is not None:
            updates = tuple(x - old for x, old in zip(self.live.parameters(), self.kept[0], strict=True))
        row: dict[str, float | NDArray[np.float64]] = {"step": float(self.taken)}
        own = self._curvature(batch, row)
        for each in quantities():
            kept = None if self.kept is None else self.kept[1].get(each.name)
            with np.errstate(all="ignore"):
                row[each.name] = each.compute(self._context(own, updates, kept, rows))
        self.readings.append(row)

    def _curvature(self, batch: object, row: dict[str, float | NDArray[np.float64]]) -> Arrays | None:
        """The loss, the batch's own gradient, and the sharpness beside the edge, as far as they can be had."""
        own: Arrays | None = None
        try:
            with self.bridge.on(batch) as local:
                row["loss"] = local.loss
                own = tuple(self.bridge.named(local.gradient()).values())
                self._sharpness(local, row)
        except PolyakError:  # a loss that is not finite, a rule without an edge: those numbers stay nan
            return own
        return own

    def _sharpness(self, local: Any, row: dict[str, float | NDArray[np.float64]]) -> None:  # noqa: ANN401
        moved = motion(reading_of(self.optimizer, self.bridge))
        gains = np.empty(self.bridge.size)
        starts = np.cumsum([0, *(int(np.prod(shape)) for shape in self.bridge.shapes)])
        for part, gain in zip(moved.reading.parts, moved.gains, strict=True):
            at = np.concatenate([np.arange(starts[k], starts[k + 1]) for k in part.arrays])
            gains[at] = gain
        if gains.max() <= 0:
            return
        root = np.sqrt(gains)

        def product(v: NDArray[np.float64]) -> NDArray[np.float64]:
            flat = self.live.vector(_apart(root * v, self.bridge.shapes))
            found = self.bridge.named(local.hessian(flat)).values()
            made: NDArray[np.float64] = root * np.concatenate(
                [np.asarray(each, np.float64).reshape(-1) for each in found]
            )
            return made

        if self.vector is None or not np.isfinite(self.vector).all():
            self.vector = np.random.default_rng(0).normal(size=self.bridge.size)
            for _ in range(FIRST):
                self.vector /= np.linalg.norm(self.vector)
                self.vector = product(self.vector)
        v = self.vector / np.linalg.norm(self.vector)
        self.vector = product(v)
        a = float(v @ self.vector)
        lr = self.live.settings().get("lr", math.nan)
        row["sharpness_read"] = a / (moved.uniform or lr) if not moved.preconditioned else a / lr
        # A batch of all rows is read without noise: what was read before only lags behind.
        of = 1 if local.rows == self.model.rows else MEAN
        earlier = [
            float(each["sharpness_read"])
            for each in self.readings[len(self.readings) - min(of - 1, len(self.readings)) :]
            if "sharpness_read" in each
        ]
        row["sharpness"] = float(
            np.mean([*(x for x in earlier if math.isfinite(x)), float(row["sharpness_read"])])
        )
        mean = a * float(row["sharpness"]) / float(row["sharpness_read"]) if row["sharpness_read"] else a
        row["share"] = 1 / moved.factor_of(mean)
        row["edge"] = float(row["sharpness"]) / float(row["share"]) if row["share"] else math.nan

    def _facts(self) -> Facts:
        from polyak.frameworks.torch.export.optimizer import RuleOptimizer

        kind, ours = type(self.optimizer).__name__, isinstance(self.optimizer, RuleOptimizer)
        label = kind if ours else f"torch's {kind}"
        rule = self.optimizer._rule_of(self.optimizer.param_groups[0]) if ours else None
        inside = getattr(rule, "lr_in_velocity", False) if ours else False
        return Facts(
            "torch",
            self.bridge.name,
            label,
            kind,
            dict(self.live.settings()),
            self.bridge.size,
            self.layers,
            tuple(int(np.prod(shape)) for shape in self.bridge.shapes),
            tuple(str(x.dtype).removeprefix("torch.") for x in self.live.tensors),
            self.every,
            uuid.uuid4().hex[:12],
            __version__,
            bool(inside),
            self.model.rows,
        )

    def flush(self) -> None:
        """Write what is new as one piece."""
        if self.store is not None:
            a, b, c = self.written
            self.store.write(Piece(self.rows[a:], self.readings[b:], self.events[c:], ()))
        self.written = len(self.rows), len(self.readings), len(self.events)

    def close(self) -> None:
        """Write the last piece, and let others write."""
        if self.store is not None:
            self.flush()
            self.store.close()
            self.store = None

    @property
    def watched(self) -> Watched:
        """What was seen so far."""
        from polyak.diagnose.watch.pieces import STEPS

        steps = Columns(STEPS, (0,) * len(STEPS))
        return Watched(
            self.facts,
            steps.apart(steps.flat(self.rows)),
            self.columns.apart(self.columns.flat(self.readings)),
            tuple(self.events),
        )


def _apart(v: NDArray[np.float64], shapes: tuple[tuple[int, ...], ...]) -> Arrays:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return tuple(part.reshape(shape) for part, shape in zip(np.split(v, ends[:-1]), shapes, strict=True))


def _rows(columns: Any) -> list[Row]:  # noqa: ANN401
    return [{name: values[k] for name, values in columns.items()} for k in range(len(columns["step"]))]
