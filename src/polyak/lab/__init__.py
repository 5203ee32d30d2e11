"""The lab: a page where momentum is in your hands. `polyak.lab(rule, ...)`, or `polyak lab` at the terminal."""

from polyak.lab.lab import Lab, lab

__all__ = ["Lab", "lab"]
