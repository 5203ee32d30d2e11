"""Runs: what moves."""

from polyak.run.descend import as_landscape, descend
from polyak.run.history import History
from polyak.run.sweeps import Axis, Plane, linear, log, memory, over, sweep, values
from polyak.run.trace import Trace
from polyak.run.train import train

__all__ = [
    "Axis",
    "History",
    "Plane",
    "Trace",
    "as_landscape",
    "descend",
    "linear",
    "log",
    "memory",
    "over",
    "sweep",
    "train",
    "values",
]
