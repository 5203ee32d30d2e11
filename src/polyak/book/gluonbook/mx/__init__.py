"""The old framework's names, as far as the book's chapters on regression and optimisation use them.

Arrays that can be written to, a tape, layers, a Trainer: NumPy beneath, quick to start, and the rules Polyak's own.
"""

from __future__ import annotations

import importlib
from typing import Any

from polyak.book.gluonbook.missing import absent

__version__ = "1.9.1"  # whose conventions these are

MODULES = {
    "nd": "nd",
    "ndarray": "nd",
    "autograd": "autograd",
    "gluon": "gluon",
    "init": "init",
    "initializer": "init",
    "random": "random",
    "context": "context",
    "base": "base",
}
FROM_CONTEXT = ("Context", "cpu", "gpu", "current_context")


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{MODULES[name]}")
    if name in FROM_CONTEXT:
        return getattr(importlib.import_module(f"{__name__}.context"), name)
    raise AttributeError(absent("mxnet", name, __dir__()))


def __dir__() -> list[str]:
    return [*MODULES, *FROM_CONTEXT]
