"""Runs: what moves. Sweeps are in `polyak.sweeps`, whose imports nothing else needs."""

from polyak.run.descend import descend
from polyak.run.history import History
from polyak.run.trace import Trace
from polyak.run.train import train

__all__ = ["History", "Trace", "descend", "train"]
