"""The lab: a page where momentum is in your hands. `polyak.lab(rule, ...)`, or `polyak lab` at the terminal."""

from __future__ import annotations

import sys
import types
from typing import Any

from polyak.lab.lab import Lab, lab

__all__ = ["Lab", "lab"]


class _Callable(types.ModuleType):
    """`polyak.lab` is this package and the function: which of the two is found first depends on who imports what."""

    def __call__(self, *rules: Any, **options: Any) -> Lab:
        return lab(*rules, **options)


sys.modules[__name__].__class__ = _Callable
