"""LAMB on paper: its first three steps, of an array of two numbers of one size."""

from __future__ import annotations

from polyak.rules import LAMB
from sums import lr

BY_HAND = [
    # the mean stays positive: lr times x = 5, 4.5, 2.7
    (LAMB(lr, 0.5, 0.75, eps=1.0), (-0.5, -1.8, -0.54)),
]
