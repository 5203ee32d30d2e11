"""The trace as a file: a picture drawn by the house's own figure, or the numbers."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler

from polyak.ground.errors import PolyakError
from polyak.lab.computing.descents import descents_of
from polyak.lab.link import decoded
from polyak.lab.offer import Offer
from polyak.lab.shared import Shared
from polyak.lab.state import State
from polyak.run import Trace

Settled = TypeVar("Settled")
KINDS = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv; charset=utf-8"}
MOST_AT_ONCE = 4  # of all sessions: a picture takes a good part of a second
_drawing = threading.Lock()  # matplotlib's settings are the process's own


class BusyError(PolyakError):
    """There is too much to do already."""


class Download(RequestHandler):
    """`trace.svg?state=...`: what the state's traces are, as a file."""

    def initialize(self, shared: Shared) -> None:
        """The lab whose rules and landscapes a state may name."""
        self.shared = shared

    async def get(self, ending: str) -> None:
        """Draw in a thread, and send."""
        self.set_header("X-Content-Type-Options", "nosniff")
        try:
            letters = self.request.query_arguments.get("state", [b""])[-1].decode("ascii", "replace")
            state = decoded(letters, self.shared.offer)
            made = await self._made(state, ending)
        except PolyakError as error:
            self.set_status(503 if isinstance(error, BusyError) else 400)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.write(f"polyak: {error}\n")
            return
        self.set_header("Content-Type", KINDS[ending])
        self.set_header("Content-Disposition", f'attachment; filename="trace.{ending}"')
        self.write(made)

    async def _made(self, state: State, ending: str) -> bytes:
        """The file, made in one of the lab's threads: a few wait their turn, more are sent away."""
        if self.shared.downloads >= MOST_AT_ONCE:
            raise BusyError("the lab is busy with other downloads: try again in a moment")
        file: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        loop = IOLoop.current()

        def settle(act: Callable[[Settled], None], value: Settled) -> None:
            loop.add_callback(lambda: None if file.done() else act(value))

        self.shared.downloads += 1
        try:
            self.shared.background.begin(
                lambda _: written(state, self.shared.offer.reaching(state.landscape), ending),
                done=lambda _, made: settle(file.set_result, made),
                failed=lambda _, text: settle(file.set_exception, PolyakError(text)),
            )
            return await file
        finally:
            self.shared.downloads -= 1


def written(state: State, offer: Offer, ending: str) -> bytes:
    """The file's bytes."""
    traces = [descent.trace() for descent in descents_of(state, offer)]
    return table(traces) if ending == "csv" else picture(traces, ending)


def table(traces: list[Trace]) -> bytes:
    """A row for each step of each rule."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["rule", "step", "x1", "x2", "value", "distance"])
    for trace in traces:
        with np.errstate(all="ignore"):  # divergence is data
            distances = trace.distances.tolist()
        for step, (x, value, distance) in enumerate(
            zip(trace.positions.tolist(), trace.values.tolist(), distances, strict=True)
        ):
            rows.writerow([str(trace.rule), step, *map(repr, x), repr(value), repr(distance)])
    return text.getvalue().encode()


def picture(traces: list[Trace], ending: str) -> bytes:
    """The house's own figure of these traces."""
    from polyak.show import trace_figure

    buffer = io.BytesIO()
    with _drawing:
        undated: dict[str, Any] = {"metadata": {"Date": None}} if ending == "svg" else {}
        trace_figure(traces).savefig(buffer, format=ending, **undated)
    return buffer.getvalue()
