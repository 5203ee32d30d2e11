"""The job that every contender does: linear regression on NASA's airfoil self-noise, in float32.

    loss(w, b) = 1/2 mean (X w + b - y)^2
    v <- gamma v + eta g,  x <- x - v

Batches of 10 in a new order each epoch, the last one partial; loss over all the data every 100 samples.
The data is read here with NumPy alone, so that no peer depends on Polyak for what it computes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

BATCH, EVERY = 10, 100
LR, MOMENTUM = 0.004, 0.9
# Where the loss ends after two epochs: about 0.2435, give or take what the order of the samples does.
SENSIBLE = (0.2421, 0.2500)


class Outcome(NamedTuple):
    """Where a training ended; NaN parameters where a peer keeps its own to itself."""

    weight: Any
    bias: Any
    losses: Any


Train = Callable[[int, int], Outcome]
"""A contender: (seed, epochs) -> Outcome, ready on the host when it returns."""


class Airfoil(NamedTuple):
    """The standardised data, and the start and the orders that the contenders share."""

    X: np.ndarray
    y: np.ndarray
    start: Callable[[int], tuple[np.ndarray, np.float32]]
    order: Callable[[int, int], np.ndarray]


def read() -> tuple[np.ndarray, np.ndarray]:
    """Features and labels, standardised."""
    table = np.loadtxt(data_file())
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    return table[:, :-1].astype(np.float32), table[:, -1].astype(np.float32)


def data_file() -> Path:
    """The data file: POLYAK_DATA or in it, else beside the repository."""
    place = Path(os.environ.get("POLYAK_DATA") or Path(__file__).parents[2] / "shared" / "data")
    return place / "airfoil_self_noise.dat" if place.is_dir() else place


def check(name: str, outcome: Outcome, epochs: int) -> float:
    """The final loss, refused where a contender did not do the job."""
    losses = np.asarray(outcome.losses)
    recorded, final = losses.shape[-1], float(losses[..., -1].mean())
    if recorded < 1 + 15 * epochs:
        raise AssertionError(f"{name} recorded {recorded} losses in {epochs} epochs")
    if not SENSIBLE[0] < final < SENSIBLE[1]:
        raise AssertionError(f"{name} ends at loss {final}, expected one in {SENSIBLE}")
    return final
