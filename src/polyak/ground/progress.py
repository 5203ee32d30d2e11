"""How anything that runs tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (done, in all)."""


def silent(_done: int, _total: int) -> None:
    """Progress that nobody asked for."""
