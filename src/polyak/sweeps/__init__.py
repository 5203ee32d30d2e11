"""Sweeps: many settings of a rule at once."""

from polyak.sweeps.axes import Axis, axis_from, linear, log, memory, values
from polyak.sweeps.best import Best, best
from polyak.sweeps.compare import compare
from polyak.sweeps.comparison import Comparison
from polyak.sweeps.plane import Plane, over
from polyak.sweeps.reading import load as load_sweep
from polyak.sweeps.sweep import sweep

__all__ = [
    "Axis",
    "Best",
    "Comparison",
    "Plane",
    "axis_from",
    "best",
    "compare",
    "linear",
    "load_sweep",
    "log",
    "memory",
    "over",
    "sweep",
    "values",
]
