"""Which figure draws which result: each says so itself, `@draws(Trace)` above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = TypeVar("Draw", bound="Callable[..., Figure]")
DRAWN: dict[type, Callable[..., Figure]] = {}


def draws(kind: type[Any]) -> Callable[[Draw], Draw]:
    """Make a function the figure of a kind of result: what `result.plot()` and a notebook show."""

    def registered(draw: Draw) -> Draw:
        DRAWN[kind] = draw
        return draw

    return registered
