"""Sweeps: many settings of a rule at once."""

from polyak.run.sweeps.axes import Axis, axis_from, linear, log, memory, values
from polyak.run.sweeps.best import Best, best
from polyak.run.sweeps.compare import compare
from polyak.run.sweeps.comparison import Comparison
from polyak.run.sweeps.plane import Plane, over
from polyak.run.sweeps.reading import load as load_sweep
from polyak.run.sweeps.sweep import sweep

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
