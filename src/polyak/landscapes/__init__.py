"""Landscapes: deterministic functions to descend. A new one is a file of this folder, with one decorated function."""

from typing import TYPE_CHECKING

from polyak.landscapes import ours
from polyak.landscapes.as_landscape import as_landscape
from polyak.landscapes.catalogue import CATALOGUE, landscape
from polyak.landscapes.custom import from_function
from polyak.landscapes.landscape import Landscape
from polyak.landscapes.ours import *  # noqa: F403
from polyak.landscapes.piecewise import piecewise_quadratic
from polyak.landscapes.quadratic import quadratic

__all__ = [
    "CATALOGUE",
    "Landscape",
    "as_landscape",
    "from_function",
    "landscape",
    "piecewise_quadratic",
    "quadratic",
]
__all__ += ours.__all__

if not TYPE_CHECKING:  # which would take any name for one that is there
    __getattr__ = CATALOGUE.attribute
