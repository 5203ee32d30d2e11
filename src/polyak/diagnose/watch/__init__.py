"""A training watched while it runs: what is read of it, where that is kept, and what is warned of."""

from polyak.diagnose.watch.facts import Event, Facts
from polyak.diagnose.watch.watch import watch
from polyak.diagnose.watch.watched import Watched
from polyak.diagnose.watch.watching import Watch

__all__ = ["Event", "Facts", "Watch", "Watched", "watch"]
