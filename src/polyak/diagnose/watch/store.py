"""A watched training in a Zarr store: whole pieces, each marked last, so that a kill takes no more than the last one.

A piece is one chunk of `steps` (a row for each step), one of `readings`, what happened in words, and at the very end
one of `marks`, which says how many rows each has: what is not marked is not there. A training that goes on writes
further pieces; of steps that were taken twice, since the checkpoint was older than the store, the later ones count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import zarr
from numpy.typing import NDArray

from polyak.diagnose.watch.facts import Event, Facts
from polyak.diagnose.watch.pieces import STEPS, Columns, Held, Piece
from polyak.ground.errors import PolyakError
from polyak.sweeps.locks import folder_locked, given_back
from polyak.sweeps.places import Folder, Place, one_line, place_of

FORMAT = 1
MOST_PIECES = 2**20
STEP_ROWS, READING_ROWS, LETTERS = 1024, 64, 8192  # of a piece
SKETCHES = 64  # that are read, of all pieces
TOGETHER = 64  # pieces that are read at a time
FACTS = "polyak_watch"  # the attribute that tells such a store from others


class Store:
    """A store that is being written by this process alone.

    Attributes:
        place: where it stands.
        facts: of the run that it holds.
        pieces: how many there are.
        session: how often the training began anew, counted from 0.
        before: what it held when it was opened; None where it was made now.
        sketches: of the parameters, at the ends of the last piece and of some before it, in their order.
    """

    def __init__(self, store: object, facts: Facts, readings: Columns) -> None:
        self.place = place_of(store)
        with one_line(self.place.text):
            held = _root(self.place)
            if held is None:
                _refuse_other_things(self.place)
                _create(self.place, facts, readings)
                held = _root(self.place)
        self._lock = _locked(self.place)
        try:
            self._open(cast("zarr.Group", held))
        except BaseException:
            self.close()
            raise

    def _open(self, group: zarr.Group) -> None:
        self.facts = _facts(group, self.place.text)
        self._step_columns, self._reading_columns = _columns(group)
        with one_line(self.place.text):
            writable = zarr.open_group(self.place.zarr(read_only=False), mode="r+", zarr_format=3)
            self._arrays = {name: _array(writable, name) for name in ("steps", "readings", "words", "marks")}
            marks = _marks(group)
        self.pieces = len(marks)
        self.session = int(marks[-1][3]) + 1 if len(marks) else 0
        self.before = opened(self.place) if len(marks) else None
        some = np.unique(np.linspace(self.pieces - 1, 0, SKETCHES).astype(int)) if len(marks) else ()
        self.sketches = tuple(tuple(_words(group, int(k)).get("sketch", ())) for k in some)

    def write(self, piece: Piece) -> None:
        """One more piece, its mark last; an error leaves the store as it was before."""
        said = _encoded(piece)
        k, rows = self.pieces, (len(piece.steps), len(piece.readings))
        if k == MOST_PIECES:
            raise PolyakError(f"{self.place.text} is full: it holds {MOST_PIECES:,} pieces")
        with one_line(self.place.text):
            if rows[0]:
                self._put("steps", k, self._step_columns.flat(piece.steps))
            if rows[1]:
                self._put("readings", k, self._reading_columns.flat(piece.readings))
            self._put("words", k, said)
            self._put("marks", k, np.array([*rows, len(said), self.session, 1]))
        self.pieces += 1

    def _put(
        self, name: str, k: int, numbers: NDArray[np.float64] | NDArray[np.uint8] | NDArray[np.int64]
    ) -> None:
        """Write a chunk, and wait until it is on the disk: a loss of power must not leave a mark alone."""
        array = self._arrays[name]
        array[k, : len(numbers)] = numbers
        at = (k, *[0] * (len(array.shape) - 1))
        self.place.settle(f"{array.path}/{array.metadata.encode_chunk_key(at)}")

    def close(self) -> None:
        """Let others write."""
        given_back(self._lock)
        self._lock = None


def opened(store: object) -> Held:
    """What a store holds up to its last marked piece."""
    place = place_of(store)
    with one_line(place.text):
        group = _root(place)
        if group is None:
            raise PolyakError(f"{place.text} holds no watched training: expected the store of one")
        facts = _facts(group, place.text)
        marks = _marks(group)
        steps, readings = _columns(group)
        held = {
            "steps": _rows(_array(group, "steps"), marks, 0),
            "readings": _rows(_array(group, "readings"), marks, 1),
        }
        events = [(int(mark[3]), event) for k, mark in enumerate(marks) for event in _events(group, k)]
    begins = _begins(held["steps"], marks)
    keep = {
        name: _kept(flat[:, 0], marks[:, at], marks, begins) for at, (name, flat) in enumerate(held.items())
    }
    return Held(
        facts,
        steps.apart(held["steps"][keep["steps"]]),
        readings.apart(held["readings"][keep["readings"]]),
        tuple(event for session, event in events if event.step < _end_of(session, begins)),
    )


def _kept(
    step: NDArray[np.float64],
    counts: NDArray[np.int64],
    marks: NDArray[np.int64],
    begins: Mapping[int, float],
) -> NDArray[np.bool_]:
    """Which rows stand: those before the step at which a later session began."""
    ends = np.array([_end_of(session, begins) for session in np.repeat(marks[:, 3], counts).tolist()])
    return np.asarray(step < ends if len(step) else np.zeros(0, dtype=bool))


def _begins(steps: NDArray[np.float64], marks: NDArray[np.int64]) -> dict[int, float]:
    """The first step of each session."""
    sessions = np.repeat(marks[:, 3], marks[:, 0])
    return {int(each): float(steps[sessions == each, 0].min()) for each in np.unique(sessions)}


def _end_of(session: int, begins: Mapping[int, float]) -> float:
    return min((step for later, step in begins.items() if later > session), default=np.inf)


def _create(place: Place, facts: Facts, readings: Columns) -> None:
    """An empty store: its facts are what makes it one, and they are written last."""
    steps = Columns(STEPS, (0,) * len(STEPS))
    group = zarr.open_group(place.zarr(read_only=False), mode="a", zarr_format=3)
    shapes: dict[str, tuple[tuple[int, ...], str, float]] = {
        "steps": ((STEP_ROWS, steps.width), "float64", np.nan),
        "readings": ((READING_ROWS, readings.width), "float64", np.nan),
        "words": ((LETTERS,), "uint8", 0),
        "marks": ((5,), "int64", 0),
    }
    for name, (shape, dtype, fill) in shapes.items():
        group.create_array(
            name,
            shape=(MOST_PIECES, *shape),
            chunks=(1, *shape),
            dtype=dtype,
            fill_value=fill,
            overwrite=True,
        )
    group.attrs.update(
        {
            "format": FORMAT,
            "steps": [list(steps.names), list(steps.widths)],
            "readings": [list(readings.names), list(readings.widths)],
            FACTS: facts.to_json(),
        }
    )


def _root(place: Place) -> zarr.Group | None:
    """The store's group, if a watch made it."""
    if not place.has("zarr.json"):
        return None
    group = zarr.open_group(place.zarr(), mode="r", zarr_format=3)
    return group if FACTS in group.attrs else None


def _refuse_other_things(place: Place) -> None:
    """A folder in which something else stands is left alone; one of ours that was torn at its making is made anew."""
    names = place.names("")
    ours = ("steps/", "readings/", "words/", "marks/")
    strange = next(
        (name for name in sorted(names) if name != "zarr.json" and not name.startswith(ours)), None
    )
    if strange is not None:
        raise PolyakError(f"{place.text} holds other things ({strange}), expected a new folder for the watch")


def _locked(place: Place) -> int | None:
    """The lock of a folder, which no kill outlives; None of an address."""
    if not isinstance(place, Folder):
        return None
    descriptor = folder_locked(place.root)
    if descriptor is None:
        raise PolyakError(f"{place.text} is being written by another watch, expected a store of its own")
    return descriptor


def _facts(group: zarr.Group, text: str) -> Facts:
    if group.attrs.get("format") != FORMAT:
        raise PolyakError(f"{text} was written by another version of the watch: expected format {FORMAT}")
    return Facts.from_json(str(group.attrs[FACTS]))


def _columns(group: zarr.Group) -> tuple[Columns, Columns]:
    found = []
    for name in ("steps", "readings"):
        names, widths = cast("tuple[list[str], list[int]]", group.attrs[name])
        found.append(Columns(tuple(names), tuple(int(width) for width in widths)))
    return found[0], found[1]


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    found = group[name]
    if not isinstance(found, zarr.Array):
        raise PolyakError(f"{name} is no array of a watched training")
    return found


def _marks(group: zarr.Group) -> NDArray[np.int64]:
    """The marks of the pieces that are there, shape (pieces, 5): found by doubling, then by halving."""
    marks = _array(group, "marks")

    def marked(k: int) -> bool:
        return k < MOST_PIECES and bool(np.asarray(marks[k])[4])

    if not marked(0):
        return np.zeros((0, 5), dtype=np.int64)
    high = 1
    while marked(high):
        high *= 2
    low = high // 2  # marked, and high is not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if marked(middle) else (low, middle)
    return np.asarray(marks[:high], dtype=np.int64)


def _rows(array: zarr.Array[Any], marks: NDArray[np.int64], at: int) -> NDArray[np.float64]:
    """The rows of all pieces, one after the other."""
    parts = [np.empty((0, int(array.shape[2])))]
    for first in range(0, len(marks), TOGETHER):
        counts = marks[first : first + TOGETHER, at]
        block = np.asarray(array[first : first + len(counts), : int(counts.max())], dtype=np.float64)
        parts += [block[k, :count] for k, count in enumerate(counts)]
    return np.concatenate(parts)


def _encoded(piece: Piece) -> NDArray[np.uint8]:
    """What happened, and the sketch, as bytes; of too many events the first ones."""
    events = [[event.step, event.kind, event.words] for event in piece.events]
    while True:
        text = json.dumps({"events": events, "sketch": list(piece.sketch)}).encode()
        if len(text) <= LETTERS:
            return np.frombuffer(text, dtype=np.uint8)
        events = events[:-1]


def _words(group: zarr.Group, k: int) -> dict[str, list[float]]:
    count = int(np.asarray(_array(group, "marks")[k])[2])
    said: dict[str, list[float]] = json.loads(bytes(np.asarray(_array(group, "words")[k, :count])))
    return said


def _events(group: zarr.Group, k: int) -> list[Event]:
    found = cast("list[tuple[int, str, str]]", _words(group, k).get("events", []))
    return [Event(int(step), str(kind), str(words)) for step, kind, words in found]
