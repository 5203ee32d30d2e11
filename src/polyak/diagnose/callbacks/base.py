"""What the callbacks share: a watch that begins with the training and ends with it."""

from __future__ import annotations

from typing import Any

from polyak.diagnose.watch import Watch
from polyak.frameworks.bridge import Batch
from polyak.ground.errors import PolyakError, a_or_an
from polyak.models import Model


class WatchCallback:
    """A callback that holds a watch.

    Args:
        model: from `pk.model`, of the very net that is trained.
        watched: what else `pk.watch` takes: every, store, log, most_time.

    Attributes:
        watch: once the training has begun; None before it.

    A refusal of the watch is raised where the training begins, in one line; later nothing is.
    """

    hooks: tuple[str, ...] = ("on_",)
    """What the names of a trainer's hooks begin with: those that are not watched do nothing."""

    def __init__(self, model: Model, **watched: Any) -> None:
        if not isinstance(model, Model):
            raise PolyakError(f"a callback of {a_or_an(type(model).__name__)}, expected pk.model(...)")
        self.model, self._watched = model, watched
        self.watch: Watch | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a hook of whatever arguments
        """A hook that is not watched."""
        if name.startswith("__") or not name.startswith(self.hooks):
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return _nothing

    def begin(self, optimizer: object) -> None:
        """Watch, where nothing is watched yet."""
        if self.watch is None or self.watch.stopped:
            self.watch = Watch(optimizer, self.model, **self._watched)

    def step(self, batch: Batch, loss: object = None) -> None:
        """After a step, where the training has begun."""
        if self.watch is not None:
            self.watch.step(batch, loss=loss)

    def end(self) -> None:
        """Write the last piece."""
        if self.watch is not None:
            self.watch.close()


def _nothing(*_: object, **__: object) -> None:
    """What a hook does that is not watched."""
