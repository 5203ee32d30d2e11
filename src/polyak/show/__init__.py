"""Figures, from results alone: each in a file that registers itself, `@draws(Trace)`, and is imported at its first use.

Drawing a trace imports nothing of what draws a theory. What type checkers read is written by `scripts/make_stubs.py`.
"""

from polyak.show.catalogue import attached

__getattr__, __dir__, __all__ = attached(__name__)
