"""The rules of this folder: whatever its files define, without a list. What type checkers read is made from it."""

from __future__ import annotations

from polyak.ground.registry import import_all
from polyak.rules.base import CATALOGUE
from polyak.rules.linear import LinearRule  # its members come first

import_all("polyak.rules")
_CLASSES = {cls.__name__: cls for cls in CATALOGUE.ours().values()}
globals().update(_CLASSES)
__all__ = ["LinearRule", *_CLASSES]  # noqa: PLE0604
