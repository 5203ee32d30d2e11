"""What a watch has seen so far, in little room: rows as they come, and packed once they are written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.facts import Event
from polyak.diagnose.watch.pieces import STEPS, Columns, Piece, Row
from polyak.diagnose.watch.watched import Watched

STEP_COLUMNS = Columns(STEPS, (0,) * len(STEPS))


class Record:
    """Rows of steps and of readings, and events: those that no piece holds yet, and before them what pieces hold.

    A step that is packed takes 64 bytes.

    Attributes:
        steps, readings, events: since the last piece.
    """

    def __init__(self, readings: Columns, before: Watched | None = None) -> None:
        self._columns = readings
        self.steps: list[Row] = []
        self.readings: list[Row] = []
        self.events: list[Event] = []
        self._steps: list[NDArray[np.float64]] = []
        self._readings: list[NDArray[np.float64]] = []
        self._events: list[Event] = []
        if before is not None:
            self._steps.append(STEP_COLUMNS.flat(_rows(before.steps)))
            self._readings.append(readings.flat(_rows(before.readings)))
            self._events += before.events

    def packed(self, sketch: tuple[float, ...] = ()) -> Piece:
        """What is new, as one piece; from now on it is not."""
        piece = Piece(self.steps, self.readings, self.events, sketch)
        self._steps.append(STEP_COLUMNS.flat(self.steps))
        self._readings.append(self._columns.flat(self.readings))
        self._events += self.events
        self.steps, self.readings, self.events = [], [], []
        return piece

    def all_steps(self) -> dict[str, NDArray[np.float64]]:
        """Of all steps, by name."""
        self._steps = [np.concatenate(self._steps)] if self._steps else []
        return STEP_COLUMNS.apart(np.concatenate([*self._steps, STEP_COLUMNS.flat(self.steps)]))

    def all_readings(self) -> dict[str, NDArray[np.float64]]:
        """Of all readings, by name."""
        return self._columns.apart(np.concatenate([*self._readings, self._columns.flat(self.readings)]))

    def all_events(self) -> tuple[Event, ...]:
        """In their order."""
        return (*self._events, *self.events)


def _rows(columns: dict[str, NDArray[np.float64]] | object) -> list[Row]:
    assert isinstance(columns, dict)
    return [{name: values[k] for name, values in columns.items()} for k in range(len(columns["step"]))]
