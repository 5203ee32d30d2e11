"""What every expectation of mini-batch training begins with: a linear rule, the data's moments, and the first step.

What is found from these is in expectation.py (the loss step by step), lr_drop.py (one change of the learning rate) and
tradeoff.py (the long run, over the learning rate).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.data import Data
from polyak.ground.errors import whole_number
from polyak.ground.types import Pytree
from polyak.problems import Problem, as_problem
from polyak.rules import Optimizer
from polyak.run.batches import parameter_generator
from polyak.run.seeds import seeds_from
from polyak.theory.data_moments import flat, moments
from polyak.theory.moment_recursion import Steps, recursion
from polyak.theory.step_map import StepSequence, require_data_alone, step_maps

SEEDS = 1000
MOST_STEPS = 100_000


class Training:
    """Training on a problem in mini-batches that are drawn with replacement.

    Attributes:
        on: the problem.
        moments: of its data, or of its quadratic model at a point.
        batch_size: rows in a batch.

    Raises PolyakError as `moments` does, and for a batch that is larger than the data.
    """

    def __init__(self, on: Problem | Data | str, batch_size: int, point: Pytree = None) -> None:
        self.on = as_problem(on)
        self.moments = moments(self.on, point)
        self.batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=self.on.data.rows)

    def maps(self, rule: Optimizer, steps: int) -> StepSequence:
        """The rule's first steps; a PolyakError for a rule that is not linear, or pulls by itself."""
        maps = step_maps(rule, steps)
        require_data_alone(rule, maps)
        return maps

    def steps(self, maps: StepSequence) -> Steps:
        """What the recursion is made of; to be called where float64 is on."""
        parts = maps.A, maps.B, self.moments.M, self.moments.V / self.batch_size
        return Steps(*map(jnp.asarray, parts))

    def expected(
        self, maps: StepSequence, mu: NDArray[np.float64], P: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        """The recursion's records (see `Recorded`) from `first_moments` on, in NumPy's float64."""
        K = self.moments.loss
        K[-1, -1] = 0.0
        with jax.enable_x64(True):
            recorded = recursion(jnp.asarray(mu), jnp.asarray(P), self.steps(maps), jnp.asarray(K))
            return tuple(map(np.asarray, recorded))

    def first_moments(
        self, slots: NDArray[np.float64], seeds: int | Sequence[int], start: Pytree = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """E[w] and E[w w^T] before the first step, w = (x, slots, 1), with x seen from the optimum.

        The slots begin at `slots`, shape (s - 1,), the same for every parameter.
        """
        if start is None:
            points = _starts(self.on, seeds_from(0, seeds)) - self.moments.optimum
        else:
            points = (flat(self.on, start) - self.moments.optimum)[None]
        rest = np.append(np.repeat(slots, self.moments.size), 1.0)
        w = np.concatenate([points, np.broadcast_to(rest, (len(points), len(rest)))], axis=1)
        return w.mean(0), w.T @ w / len(w)


@lru_cache(maxsize=16)
def _starts(problem: Problem, seeds: tuple[int, ...]) -> NDArray[np.float64]:
    """The first parameters of the runs of these seeds, shape (seeds, d)."""
    firsts = [problem.init(parameter_generator(seed)) for seed in seeds]
    leaves = zip(*(jax.tree.leaves(params) for params in firsts), strict=True)
    return np.concatenate([np.stack(leaf).reshape(len(seeds), -1) for leaf in leaves], axis=1)
