"""Landscapes: deterministic functions to descend."""

from polyak.landscapes.as_landscape import as_landscape
from polyak.landscapes.catalogue import (
    CATALOGUE,
    beale,
    bowl,
    cliff,
    himmelblau,
    rastrigin,
    ravine,
    rosenbrock,
    saddle,
)
from polyak.landscapes.custom import from_function
from polyak.landscapes.landscape import Landscape
from polyak.landscapes.piecewise import piecewise_quadratic
from polyak.landscapes.quadratic import quadratic

__all__ = [
    "CATALOGUE",
    "Landscape",
    "as_landscape",
    "beale",
    "bowl",
    "cliff",
    "from_function",
    "himmelblau",
    "piecewise_quadratic",
    "quadratic",
    "rastrigin",
    "ravine",
    "rosenbrock",
    "saddle",
]
