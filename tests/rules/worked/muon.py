"""Muon on paper: its first three steps of an array that is no matrix; matrices are held to PyTorch's and Optax's."""

from __future__ import annotations

from math import sqrt

from polyak.rules import Muon
from sums import lr

BY_HAND = [
    (
        Muon(lr, beta1=0.5, beta2=0.75, eps=1.0),
        (
            -0.1 * (0.75 / (3 / 4) + 1.5 / (1 / 2)) / 4,
            -0.4 * (0.125 / (7 / 8) - 0.5 / (3 / 4)) / (sqrt(31 / 7) + 1),
            -0.2 * (0.5625 / (15 / 16) + 1 / (7 / 8)) / (sqrt(157 / 37) + 1),
        ),
    ),
    (
        Muon(lr, beta1=0.5, beta2=0.75, eps=1.0, nesterov=False),
        (-0.1 * 3 / 4, -0.4 / 3 / (sqrt(31 / 7) + 1), -0.2 * 9 / 7 / (sqrt(157 / 37) + 1)),
    ),
]
