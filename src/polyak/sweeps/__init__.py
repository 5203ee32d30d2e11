"""Sweeps: many settings of a rule at once. What keeps and distributes them is imported at its first use."""

from polyak.sweeps.axes import Axis, axis_from, linear, log, memory, values
from polyak.sweeps.best import Best, best
from polyak.sweeps.compare import compare
from polyak.sweeps.comparison import Comparison
from polyak.sweeps.results import SweepResult
from polyak.sweeps.search_space import SearchSpace, search_space
from polyak.sweeps.sweep import load_sweep, sweep
from polyak.sweeps.tuned import Tuned

__all__ = [
    "Axis",
    "Best",
    "Comparison",
    "SearchSpace",
    "SweepResult",
    "Tuned",
    "axis_from",
    "best",
    "compare",
    "linear",
    "load_sweep",
    "log",
    "memory",
    "search_space",
    "sweep",
    "values",
]
