"""Which random numbers a run's first parameters are drawn by."""

from __future__ import annotations

import numpy as np


def parameter_generator(seed: int) -> np.random.Generator:
    """The generator of a run's first parameters, apart from the one of its batches."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
