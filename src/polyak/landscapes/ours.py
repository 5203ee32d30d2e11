"""The landscapes of this folder: whatever its files define, without a list. What type checkers read is made from it."""

from __future__ import annotations

from polyak.ground.registry import import_all
from polyak.landscapes.catalogue import CATALOGUE

import_all("polyak.landscapes")
globals().update(CATALOGUE.ours())
__all__ = [*CATALOGUE.ours()]  # noqa: PLE0604
