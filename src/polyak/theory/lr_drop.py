r"""When to drop the learning rate: the expected end of every drop there may be.

    a drop after k of K steps ends at E[loss] = sum(W_{K-k} P_k)/2

P_k is what the steps before it made, and W_j what that is worth with j smaller steps to come. Both are one recursion,
run forwards and backwards, so that every k is looked at for the price of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.data import Data
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.rules import Optimizer, as_rule
from polyak.run.result import Result
from polyak.theory.datasets import dataset
from polyak.theory.examination import require_constant
from polyak.theory.expected_training import MOST_STEPS, SEEDS, Training
from polyak.theory.learning_rate import learning_rate_of, scaled
from polyak.theory.moment_recursion import worth
from polyak.theory.step_map import step_maps

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Drop(Result):
    """What becomes of the expected loss if the learning rate is dropped once, for every step it may be dropped at.

    Attributes:
        rule: the rule with its settings before the drop.
        problem: what is trained.
        batch_size: rows in a batch, drawn with replacement.
        factor: what the learning rate is multiplied by.
        losses: the expected loss after the last step, were it dropped after 0, 1 ... steps: shape (steps + 1,); the
            last entry is without a drop, and inf is what grew beyond float64.
        best: the number of steps before the drop that ends lowest.
    """

    rule: Optimizer
    problem: Problem
    batch_size: int
    factor: float
    losses: NDArray[np.float64]
    best: int

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with the dimension dropped_after."""
        return dataset(
            self.rule,
            {"loss": ("dropped_after", self.losses, {"long_name": "expected loss after the last step"})},
            {"dropped_after": ("dropped_after", np.arange(len(self.losses)), {"units": "steps"})},
            on=self.problem.name,
            factor=self.factor,
            best=self.best,
        )

    def __str__(self) -> str:
        if not np.isfinite(self.losses[self.best]):
            steps = len(self.losses) - 1
            return (
                f"{self.rule} on {self.problem.data.name}: grows without end in {steps} steps, dropped or not"
            )
        return (
            f"{self.rule} on {self.problem.data.name}: times {readable(self.factor, 6)} after {self.best} of "
            f"{len(self.losses) - 1} steps ends at {readable(self.losses[self.best], 6)}, never at "
            f"{readable(self.losses[-1], 6)}"
        )


def lr_drop(
    rule: object,
    on: Problem | Data | str,
    *,
    factor: float = 0.1,
    batch_size: int = 10,
    steps: int = 300,
    seeds: int | Sequence[int] = SEEDS,
    point: Pytree = None,
    **settings: Any,
) -> Drop:
    """When to drop the learning rate: the expected loss after the last step, for every step it may be dropped at.

    Args:
        rule: a rule with constant settings that is linear in the gradient; its slots are kept through the drop.
        on: least squares of at most 64 parameters, or any with the `point` of its quadratic model.
        factor: what the learning rate is multiplied by, in (0, 1).
        batch_size: rows in a batch, drawn with replacement.
        steps: how many are taken in all, before and after the drop.
        seeds: see `expected_loss`.
        point: see `expected_loss`.
        settings: of a rule that is given by its name or its class.

    Returns a Drop. Raises PolyakError as `expected_loss` does.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes().standardized())
    >>> drop = lr_drop(pk.HeavyBall(lr=0.05, momentum=0.5), problem, steps=300)
    >>> bool(0 < drop.best < 300), bool(drop.losses[drop.best] < drop.losses[-1])
    (True, True)
    """
    rule = as_rule(rule, **settings)
    if not 0 < factor < 1:
        raise PolyakError(f"factor is {factor}, expected a number in (0, 1)")
    require_constant(rule)
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    training = Training(on, batch_size, point)
    name, value = learning_rate_of(rule)
    before, after = training.maps(rule, steps), step_maps(scaled(rule, name, value, factor), steps)
    P = training.expected(before, *training.first_moments(before.start, seeds))[-1][: steps + 1]
    with jax.enable_x64(True):
        K = jnp.asarray(training.moments.loss)
        W = np.asarray(worth(K, training.steps(after), jnp.asarray(P[0])))[: steps + 1]
    losses = np.einsum("kij,kij->k", W[::-1], P) / 2
    losses = np.where(np.isfinite(losses), losses, np.inf)  # what grew beyond float64
    return Drop(rule, training.on, training.batch_size, factor, losses, int(losses.argmin()))
