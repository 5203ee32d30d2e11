"""Sweeps: many settings of a rule at once."""

from polyak.run.sweeps.axes import Axis, axis_from, linear, log, memory, values
from polyak.run.sweeps.plane import Plane, over
from polyak.run.sweeps.sweep import sweep

__all__ = ["Axis", "Plane", "axis_from", "linear", "log", "memory", "over", "sweep", "values"]
