"""Which descents were computed before, so that nothing has to be compiled for them."""

from __future__ import annotations

import threading
from typing import NamedTuple
from weakref import WeakKeyDictionary

from polyak.lab.computing.descents import trace_of
from polyak.lab.kinds import Kind
from polyak.lab.offer import Offer
from polyak.lab.state import State, Value
from polyak.landscapes import Landscape
from polyak.run import Trace

_lock = threading.Lock()
_seen: WeakKeyDictionary[Kind, set[tuple[object, ...]]] = WeakKeyDictionary()


class Descent(NamedTuple):
    """One rule on one landscape: all that its trace depends on, by what each is, not by its name."""

    kind: Kind
    settings: tuple[tuple[str, Value], ...]
    landscape: Landscape
    start: tuple[float, float]
    steps: int

    @property
    def _compilation(self) -> tuple[object, ...]:
        """What is compiled anew when it changes: numbers are not."""
        words = tuple(pair for pair in self.settings if isinstance(pair[1], str | bool))
        return words, self.landscape, (self.steps - 1).bit_length()

    @property
    def compiled(self) -> bool:
        """Whether a trace of this rule, on this landscape, of about as many steps, was computed before."""
        with _lock:
            return self._compilation in _seen.get(self.kind, ())

    def trace(self) -> Trace:
        """Compute it, and remember that it was."""
        trace = trace_of(self.kind.rule(dict(self.settings)), self.landscape, self.start, self.steps)
        with _lock:
            _seen.setdefault(self.kind, set()).add(self._compilation)
        return trace


def descents_of(state: State, offer: Offer) -> list[Descent]:
    """What a state descends: one for each rule."""
    place = offer.landscapes[state.landscape], state.start, state.steps
    return [Descent(offer.kind(c.rule), tuple(c.settings.items()), *place) for c in state.rules]
