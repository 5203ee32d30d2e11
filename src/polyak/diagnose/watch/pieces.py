"""What a store is made of: columns with their names, and pieces of rows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.facts import Event, Facts

STEPS = (
    "step",
    "lr",
    "momentum",
    "batch_size",
    "loss",
    "batch_scale",
    "batch_finite",
    "optimizer_step",
)

Row = Mapping[str, float | NDArray[np.float64]]


@dataclass(frozen=True)
class Columns:
    """Names of columns, and how many numbers of a flat row each takes: 0 stands for a plain number, which takes one.

    >>> columns = Columns(("step", "layer_norm"), (0, 3))
    >>> flat = columns.flat([{"step": 4.0, "layer_norm": np.array([1.0, 2.0, 3.0])}, {"step": 5.0}])
    >>> flat.tolist()
    [[4.0, 1.0, 2.0, 3.0], [5.0, nan, nan, nan]]
    >>> columns.apart(flat)["layer_norm"].shape
    (2, 3)
    """

    names: tuple[str, ...]
    widths: tuple[int, ...]

    @property
    def width(self) -> int:
        """Of a flat row."""
        return sum(max(width, 1) for width in self.widths)

    def flat(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Rows as one array, nan where a row has no such number; what has no column is left out."""
        out = np.full((len(rows), self.width), np.nan)
        for name, _, part in self._parts():
            for k, row in enumerate(rows):
                if name in row:
                    out[k, part] = row[name]
        return out

    def apart(self, flat: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """The same by name: shape (rows,), or (rows, layers)."""
        return {name: flat[:, part] if width else flat[:, part.start] for name, width, part in self._parts()}

    def _parts(self) -> Iterator[tuple[str, int, slice]]:
        start = 0
        for name, width in zip(self.names, self.widths, strict=True):
            stop = start + max(width, 1)
            yield name, width, slice(start, stop)
            start = stop


@dataclass(frozen=True)
class Piece:
    """Some rows that are written together.

    Attributes:
        steps: a row for each step.
        readings: a row for each reading.
        events: what happened meanwhile.
        sketch: a few of the parameters as they are at its end.
    """

    steps: Sequence[Row]
    readings: Sequence[Row]
    events: Sequence[Event]
    sketch: tuple[float, ...]


class Held(NamedTuple):
    """What a store holds: the arguments of a `Watched`."""

    facts: Facts
    steps: Mapping[str, NDArray[np.float64]]
    readings: Mapping[str, NDArray[np.float64]]
    events: tuple[Event, ...]
