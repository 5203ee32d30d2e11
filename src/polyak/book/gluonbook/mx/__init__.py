"""The old framework's names, as far as the book's chapters on regression and optimisation use them.

Arrays that can be written to, a tape, layers, a Trainer: NumPy beneath, quick to start, and the rules Polyak's own.
"""

from __future__ import annotations

import importlib

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx import nd  # noqa: F401, arrays have all their methods from here on

__version__ = "1.9.1"  # whose conventions these are

MODULES = {
    "ndarray": "nd",
    "autograd": "autograd",
    "base": "base",
    "gluon": "gluon",
    "init": "init",
    "initializer": "init",
    "random": "random",
    "context": "context",
    "lr_scheduler": "lr_scheduler",
    "np": "np",
    "npx": "npx",
}
FROM_CONTEXT = ("Context", "cpu", "gpu")


def __getattr__(name: str) -> object:
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{MODULES[name]}")
    if name in FROM_CONTEXT:
        return getattr(importlib.import_module(f"{__name__}.context"), name)
    raise AttributeError(absent("mxnet", name, __dir__()))


def __dir__() -> list[str]:
    return ["nd", *MODULES, *FROM_CONTEXT]
