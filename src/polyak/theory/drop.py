r"""When to drop the learning rate: the expected end of every drop there may be.

    a drop after k of K steps ends at E[loss] = sum(W_{K-k} P_k)/2

P_k is what the steps before it made, and W_j what that is worth with j smaller steps to come. Both are one recursion,
run forwards and backwards, so that every k is looked at for the price of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.problems import Problem
from polyak.rules import as_rule
from polyak.run.result import Result
from polyak.theory.examination import require_constant
from polyak.theory.expectation import MOST_STEPS, SEEDS, expectation_of, first_moments
from polyak.theory.learning_rate import learning_rate_of, scaled
from polyak.theory.moments import moments
from polyak.theory.recursion import Steps, worth
from polyak.theory.step_map import require_data_alone, step_maps


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

    rule: Any
    problem: Problem
    batch_size: int
    factor: float
    losses: NDArray[np.float64]
    best: int

    def to_xarray(self) -> Any:
        """The same as an xarray.Dataset with the dimension dropped_after."""
        import xarray as xr

        return xr.Dataset(
            {"loss": ("dropped_after", self.losses, {"long_name": "expected loss after the last step"})},
            {"dropped_after": ("dropped_after", np.arange(len(self.losses)), {"units": "steps"})},
            {"rule": str(self.rule), "target": self.problem.name, "factor": self.factor, "best": self.best},
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
    rule: Any,
    problem: Problem,
    *,
    factor: float = 0.1,
    batch_size: int = 10,
    steps: int = 300,
    seeds: int | Sequence[int] = SEEDS,
    point: Any = None,
) -> Drop:
    """When to drop the learning rate: the expected loss after the last step, for every step it may be dropped at.

    Args:
        rule: a rule with constant settings that is linear in the gradient; its slots are kept through the drop.
        problem: least squares of at most 64 parameters, or any with the `point` of its quadratic model.
        factor: what the learning rate is multiplied by, in (0, 1).
        batch_size: rows in a batch, drawn with replacement.
        steps: how many are taken in all, before and after the drop.
        seeds: see `expected_loss`.
        point: see `expected_loss`.

    Returns a Drop. Raises PolyakError as `expected_loss` does.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes().standardized())
    >>> drop = lr_drop(pk.HeavyBall(lr=0.05, momentum=0.5), problem, steps=300)
    >>> bool(0 < drop.best < 300), bool(drop.losses[drop.best] < drop.losses[-1])
    (True, True)
    """
    rule = as_rule(rule)
    if not 0 < factor < 1:
        raise PolyakError(f"factor is {factor}, expected a number in (0, 1)")
    require_constant(rule)
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    found = moments(problem, point)
    batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=problem.data.rows)
    name, value = learning_rate_of(rule)
    before, after = step_maps(rule, steps), step_maps(scaled(rule, name, value, factor), steps)
    require_data_alone(rule, before)
    begun = first_moments(problem, found, before.start, seeds, None)
    P = expectation_of(before, found, batch_size, *begun).P[: steps + 1]
    with jax.enable_x64(True):
        small = Steps(*map(jnp.asarray, (after.A, after.B, found.M, found.V / batch_size)))
        W = np.asarray(worth(jnp.asarray(found.loss), small, jnp.asarray(P[0])))[: steps + 1]
    losses = np.einsum("kij,kij->k", W[::-1], P) / 2
    losses = np.where(np.isfinite(losses), losses, np.inf)  # what grew beyond float64
    return Drop(rule, problem, batch_size, factor, losses, int(losses.argmin()))
