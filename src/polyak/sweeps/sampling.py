"""Cells drawn from axes, where a sweep is not over every combination."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from polyak.sweeps.axes import Axis

SAMPLINGS = ("grid", "random", "latin_hypercube")


def sampled(axes: Mapping[str, Axis], sampling: str, cells: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """The values of `cells` cells drawn from the axes, by name: at random, or as a Latin hypercube.

    A Latin hypercube has one cell in each of `cells` equal parts of every axis. Source: McKay, M., Beckman, R. &
    Conover, W. (1979). A comparison of three methods for selecting values of input variables.

    >>> from polyak.sweeps.axes import linear
    >>> np.sort((sampled({"lr": linear(0, 4)}, "latin_hypercube", 4, 0)["lr"]).astype(int))
    array([0, 1, 2, 3])
    """
    from scipy.stats import qmc

    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    if sampling == "random":
        places = generator.random((cells, len(axes)))
    else:
        places = qmc.LatinHypercube(len(axes), rng=generator).random(cells)
    return {name: axis.at(place) for (name, axis), place in zip(axes.items(), places.T, strict=True)}
