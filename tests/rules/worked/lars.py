"""LARS on paper: its first three steps, of an array of two numbers of one size."""

from __future__ import annotations

from polyak.rules import LARS
from sums import lr

BY_HAND = [
    # a tenth of x = 5, 4.95, 5.123 in the gradient's sign, times lr: 0.05, -0.198, 0.10246
    (LARS(lr, 0.5, trust_coefficient=0.1), (-0.05, 0.173, -0.01596)),
    (LARS(lr, 0.5, trust_coefficient=0.1, nesterov=True), (-0.075, 0.283, -0.11324)),
    # without lr: 0.5, -0.495, 0.5048
    (LARS(lr, 0.5, trust_coefficient=0.1, lr_in_velocity=False), (-0.05, 0.098, -0.07646)),
]
