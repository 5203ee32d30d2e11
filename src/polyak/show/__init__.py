"""Figures, from results alone."""

import lazy_loader

# The names are those of `__init__.pyi`: drawing a trace imports nothing of what draws a theory.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
