"""The data sets of this folder: whatever its files define, without a list. What type checkers read is made from it."""

from __future__ import annotations

from polyak.data.catalogue import CATALOGUE
from polyak.ground.registry import import_all

import_all("polyak.data")
globals().update(CATALOGUE.ours())
__all__ = [*CATALOGUE.ours()]  # noqa: PLE0604
