"""The seeds of runs side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyak.ground.errors import PolyakError, whole_number
from polyak.run.affordable import check_seeds

MOST_SEED = 2**63 - 1  # what the coordinate of a result holds


def seeds_from(seed: int, seeds: int | Sequence[int] | None) -> tuple[int, ...]:
    """The seeds of the runs: one, as many as asked for from the first on, or those given."""
    first = whole_number("seed", seed, at_least=0, at_most=MOST_SEED)
    if seeds is None:
        return (first,)
    if isinstance(seeds, list | tuple | range | np.ndarray) and getattr(seeds, "ndim", 1) > 0:
        if len(seeds) == 0:
            raise PolyakError("seeds is empty, expected at least one")
        return tuple(whole_number("seed", number, at_least=0, at_most=MOST_SEED) for number in seeds)
    runs = whole_number("seeds", seeds, at_least=1)
    check_seeds(runs)
    whole_number("the last seed", first + runs - 1, at_least=0, at_most=MOST_SEED)
    return tuple(range(first, first + runs))
