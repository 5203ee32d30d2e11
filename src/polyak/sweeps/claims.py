"""Who computes which chunk, where several processes work on one store: a lock for each, that no kill outlives."""

from __future__ import annotations

import contextlib
import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from polyak.ground.files import HALF_WRITTEN
from polyak.sweeps.locks import EXCLUSIVE, NONE, SHARED, given_back, lock, opened
from polyak.sweeps.places import Bucket, Folder, Place

# A file of no bytes: byte 0 is locked by all who are at work, byte k + 1 by who computes chunk k. It stays in the
# store: were the last to remove it, one that is killed at its end would leave another store than one that is not.
CLAIMS = ".claims"
LOOK_AGAIN = 0.05  # seconds between looks at what others compute
PATIENCE = 10.0  # seconds after which it is said that others are waited for

C = TypeVar("C")


class Claims:
    """The claims on the chunks of a store, of one process among several.

    Where there are no locks (on an object store, on Windows), every claim is granted: two may then compute one chunk,
    and each writes the same bytes.
    """

    def __init__(self, place: Place, folder: str) -> None:
        self._place = place
        self._file = place.root / folder / CLAIMS if isinstance(place, Folder) else None
        self._held: int | None = None

    def __enter__(self) -> Claims:
        if self._file is not None and (held := opened(self._file)) is not None:
            self._held = held
            self._tidy_if_alone(held)
            while not lock(held, SHARED, 0):
                time.sleep(LOOK_AGAIN)  # while another tidies
        return self

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            lock(self._held, NONE, 0)
            self._tidy_if_alone(self._held)
            given_back(self._held)

    def take(self, number: int) -> bool:
        """Claim a chunk; False where another has it."""
        return self._held is None or lock(self._held, EXCLUSIVE, number + 1)

    def give_back(self, number: int) -> None:
        """A chunk that is done, or given up."""
        if self._held is not None:
            lock(self._held, NONE, number + 1)

    def _tidy_if_alone(self, held: int) -> None:
        """Remove what a killed process had begun to write, which nobody else can be writing now."""
        if isinstance(self._place, Folder) and lock(held, EXCLUSIVE, 0):
            for part in self._place.root.rglob(f"*{HALF_WRITTEN}"):
                with contextlib.suppress(OSError):
                    part.unlink()


def shared_out(
    chunks: Sequence[C], number: Callable[[C], int], there: Callable[[C], bool], claims: Claims, place: Place
) -> Iterator[tuple[C, bool]]:
    """The chunks, one after the other, and whether it is ours to compute; one that is not was written by another.

    Args:
        chunks: those that are missing.
        number: of a chunk among the claims.
        there: whether a chunk was written by now.
        claims: of this process.
        place: of the store. Where there are no claims each process begins somewhere else.
    """
    if isinstance(place, Bucket) and len(chunks) > 1:
        first = random.SystemRandom().randrange(len(chunks))
        chunks = [*chunks[first:], *chunks[:first]]
    others = []
    for chunk in chunks:
        if claims.take(number(chunk)):
            yield chunk, not there(chunk)
        else:
            others.append(chunk)
    yield from _waited_for(others, number, there, claims, place)


def _waited_for(
    others: list[C], number: Callable[[C], int], there: Callable[[C], bool], claims: Claims, place: Place
) -> Iterator[tuple[C, bool]]:
    """The chunks that others have claimed, each once it was written, or once its claim is given back without."""
    since, was_said = time.monotonic(), False
    while others:
        still = []
        for chunk in others:
            if there(chunk):
                yield chunk, False
            elif claims.take(number(chunk)):
                yield chunk, not there(chunk)
            else:
                still.append(chunk)
        if len(still) < len(others):
            since = time.monotonic()
        elif time.monotonic() - since > PATIENCE and not was_said:
            was_said = True
            warnings.warn(
                f"{place.text}: waiting for {len(still)} chunks that another process computes", stacklevel=2
            )
        others = still
        if others:
            time.sleep(LOOK_AGAIN)
