"""What a pasted text says, part by part, before any of it is bound to a framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.translate.paste.values import Call, Unread


@dataclass(frozen=True)
class Parts:
    """The calls that a recipe is made of.

    Attributes:
        optimizer: the call that makes it.
        scheduler: the call that makes the schedule of its learning rate, where that stands apart.
        clips: the calls that clip the gradients.
        wrappers: the calls around the optimizer, the outermost first.
        said: what was taken how, in words.
        epochs: whether the scheduler counts epochs.
        steps: how many steps there are in all, where the text says so.
        decay: of a chain, the kind and the strength of the weight decay that is a link of its own.
        inside: of a chain, whether the learning rate comes before the velocity.
        links: of a chain, those that are the optimizer.
    """

    optimizer: Call
    scheduler: Call | None = None
    clips: tuple[Call, ...] = ()
    wrappers: tuple[Call, ...] = ()
    said: tuple[str, ...] = ()
    epochs: bool = False
    steps: int | None = None
    decay: tuple[str, float] | None = None
    inside: bool = False
    links: tuple[Call, ...] = ()


@dataclass
class Taken:
    """The keys of a config, with a mark on those that were read: what is left over is told or refused.

    Attributes:
        given: the config.
        where: its name, for a message.
    """

    given: Mapping[str, Any]
    where: str
    read: set[str] = field(default_factory=set)

    def value(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        """What a key says; the default where it is missing."""
        self.read.add(name)
        return self.given.get(name, default)

    def number(self, name: str, default: float | None = None) -> float | None:
        """What a key says, which must be a number or None."""
        value = self.value(name, default)
        if isinstance(value, Unread):
            raise PolyakError(
                f"{self.where}: {name} is {value!r}, code that would have to be run: expected its value"
            )
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise PolyakError(f"{self.where}: {name} is {value!r}, expected a number")
        return value

    def rest(self) -> dict[str, Any]:
        """What was not read."""
        return {name: value for name, value in self.given.items() if name not in self.read}
