"""Figures, from results alone: each in a file that registers itself, `@draws(Trace)`, and is imported at its first use.

Drawing a trace imports nothing of what draws a theory. What type checkers read is written by `scripts/make_stubs.py`.
"""

import importlib

from polyak.show.catalogue import homes

__all__ = [*sorted(homes())]


def __getattr__(name: str) -> object:
    """What a file of this folder offers."""
    if name not in homes():
        raise AttributeError(f"module {__name__} has no attribute {name}")
    offered: object = getattr(importlib.import_module(f"{__name__}.{homes()[name]}"), name)
    globals()[name] = offered
    return offered


def __dir__() -> list[str]:
    return sorted({*globals(), *homes()})
