"""Adafactor on paper: its first three steps, of an array of two numbers of one size."""

from __future__ import annotations

from math import sqrt

from polyak.rules import Adafactor
from sums import lr

END = 4.5 + 1.8 / sqrt(5)
BY_HAND = [
    # s = 9, 5, 14/3, each of the kept a half, two thirds; lr times x times g over the root of s
    *(
        (
            Adafactor(lr, decay_power=1.0, eps=2.0**-60, form=form),
            (-0.5, 1.8 / sqrt(5), -0.4 * END / sqrt(14 / 3)),
        )
        for form in ("torch", "optax")
    ),
    # clipped to a half, the first time; x = 4.75
    (
        Adafactor(lr, clip=0.5, decay_power=1.0, eps=2.0**-60, least_size=100.0),
        (-5.0, 0.4 * 100 / sqrt(5), -0.2 * 100 * 0.5),
    ),
]
