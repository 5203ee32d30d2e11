r"""The expected loss of mini-batch training, step by step, from the data's moments.

    E[loss_k] = least + (loss of the mean parameters - least) + trace(H X_k) / 2

the deterministic part, what full batches would do, and the noise part, what the spread X_k around the mean adds. The
recursion that gives them is in recursion.py; its level in the long run, the noise floor, in floor.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import whole_number
from polyak.ground.numbers import readable
from polyak.ground.version import __version__
from polyak.problems import Problem
from polyak.rules import as_rule
from polyak.run.batches import parameter_generator
from polyak.run.result import Result
from polyak.run.seeds import seeds_from
from polyak.theory.floor import noise_floor
from polyak.theory.moments import Moments, flat, moments
from polyak.theory.recursion import Recorded, Steps, recursion
from polyak.theory.step_map import StepSequence, require_data_alone, step_maps

SEEDS = 1000
MOST_STEPS = 100_000


@dataclass(frozen=True, eq=False)
class Expectation(Result):
    """The expected loss over all the data at steps 0, 1, 2 ... of mini-batch training.

    Attributes:
        rule: the rule with its settings.
        problem: what is trained.
        batch_size: rows in a batch, drawn with replacement.
        mean: the expected loss, shape (steps + 1,); inf once it is beyond float64.
        spread: the standard deviation of the loss from run to run, shape (steps + 1,); for parameters that are spread
            normally, which they are after many steps of small batches, and not while the loss is far from normal.
        deterministic: the part of `mean` over `least` that full batches would have, shape (steps + 1,).
        noise: the part of `mean` over `least` that the spread of the parameters adds, shape (steps + 1,); at step 0
            from the starts, later from the batches.
        least: the least loss there is.
        floor: the level that the noise holds `mean` at in the long run; inf where it grows without end; under
            a schedule, that of its last step.
        exact: whether the problem is least squares; else its quadratic model at a point stands for it.
        origin: the same in words.
    """

    rule: Any
    problem: Problem
    batch_size: int
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    deterministic: NDArray[np.float64]
    noise: NDArray[np.float64]
    least: float
    floor: float
    exact: bool
    origin: str

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.mean) - 1

    @property
    def epochs(self) -> NDArray[np.float64]:
        """The steps in epochs, shape (steps + 1,)."""
        return np.arange(self.steps + 1) * self.batch_size / self.problem.data.rows

    @property
    def settled_at(self) -> int | None:
        """The first step at which the noise part is as large as the deterministic: from here the noise holds the loss
        up, and a smaller learning rate would bring it down; None if it is not reached, and where there is no floor:
        what grows without end does not settle."""
        if not math.isfinite(self.floor):
            return None
        reached = np.flatnonzero(self.deterministic[1:] <= self.noise[1:])
        return int(reached[0]) + 1 if len(reached) else None

    def to_xarray(self) -> Any:
        """The same as an xarray.Dataset with the dimension step."""
        import xarray as xr

        names = ("mean", "spread", "deterministic", "noise")
        attrs = {
            "rule": str(self.rule),
            "target": self.problem.name,
            "data": self.problem.data.name,
            "batch_size": self.batch_size,
            "least": self.least,
            "floor": self.floor,
            "origin": self.origin,
            "version": __version__,
        }
        return xr.Dataset(
            {name: ("step", getattr(self, name)) for name in names},
            {"step": np.arange(self.steps + 1), "epoch": ("step", self.epochs, {"units": "epochs"})},
            attrs,
        )

    def __str__(self) -> str:
        kind = "" if self.exact else f" ({self.origin})"
        return (
            f"{self.rule} on {self.problem.data.name}, {self.problem.name}, batch {self.batch_size}: expected loss "
            f"{readable(self.mean[-1], 6)} after {self.steps} steps, {self.ending}, least "
            f"{readable(self.least, 6)}{kind}"
        )

    @property
    def ending(self) -> str:
        """The floor in words."""
        return (
            f"floor {readable(self.floor, 6)}"
            if math.isfinite(self.floor)
            else "no floor, for it grows without end"
        )


def expected_loss(
    rule: Any,
    problem: Problem,
    *,
    batch_size: int = 10,
    steps: int = 300,
    seeds: int | Sequence[int] = SEEDS,
    start: Any = None,
    point: Any = None,
) -> Expectation:
    """The expected loss of mini-batch training at each step, without training.

    Args:
        rule: a rule that is linear in the gradient, schedules included: ours, Optax's, a page's function.
        problem: a Problem of at most 64 parameters; exact where it is least squares.
        batch_size: rows in a batch, drawn with replacement, at most all of them.
        steps: how many, from 1 to 100,000.
        seeds: the runs that it is the mean of: how many (0, 1, 2 ...) or which; their first parameters are those of
            `train`, their batches are averaged over.
        start: parameters that every run begins at, instead.
        point: parameters at which to take the quadratic model of a problem that is not least squares.

    Returns an Expectation. With replacement, `train(..., replace=True)`, it is exact; by permuted epochs, as `train`
    draws by default, the rows of an epoch are not independent, their noise partly cancels, and the loss is a little
    lower: on airfoil in batches of 10, at (lr, momentum) of (0.02, 0.5), by 0.0009 after 2 epochs, a quarter of the
    noise's part of 0.0034. Raises PolyakError for a rule that is not linear or decays the parameters, for a
    problem that is not least squares where no point is given, and for input that cannot be used.

    Source: Bach, F. & Moulines, E. (2013), Non-strongly-convex smooth stochastic approximation with convergence rate
    O(1/n), section 2; here for any linear rule, with the fourth moments kept.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes().standardized())
    >>> e = expected_loss(pk.HeavyBall(lr=0.01, momentum=0.5), problem, steps=200)
    >>> e.mean.shape, bool(e.least < e.floor < e.mean[-1] < e.mean[0]), e.exact
    ((201,), True, True)
    """
    rule = as_rule(rule)
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    found = moments(problem, point)
    batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=problem.data.rows)
    maps = step_maps(rule, steps)
    require_data_alone(rule, maps)
    begun = first_moments(problem, found, maps.start, seeds, start)
    recorded = expectation_of(maps, found, batch_size, *begun)
    deterministic, noise, variance = (np.asarray(part)[: steps + 1] for part in recorded[:3])
    return Expectation(
        rule=rule,
        problem=problem,
        batch_size=batch_size,
        mean=_finite_or_inf(found.least + deterministic + noise),
        spread=_finite_or_inf(np.sqrt(np.maximum(variance, 0))),
        deterministic=deterministic,
        noise=noise,
        least=found.least,
        floor=noise_floor(maps.A[steps - 1], maps.B[steps - 1], found, batch_size),
        exact=found.exact,
        origin=found.origin,
    )


def _finite_or_inf(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What grew beyond float64 is inf, not the nan of one infinite part less another."""
    return np.where(np.isfinite(values), values, math.inf)


def expectation_of(
    maps: StepSequence, found: Moments, batch_size: int, mu: NDArray[np.float64], P: NDArray[np.float64]
) -> Recorded:
    """The recursion's records for these maps, in float64."""
    K = found.loss
    K[-1, -1] = 0.0
    with jax.enable_x64(True):
        given = Steps(*map(jnp.asarray, (maps.A, maps.B, found.M, found.V / batch_size)))
        return Recorded(*map(np.asarray, recursion(jnp.asarray(mu), jnp.asarray(P), given, jnp.asarray(K))))


def first_moments(
    problem: Problem, found: Moments, slots: NDArray[np.float64], seeds: int | Sequence[int], start: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """E[w] and E[w w^T] before the first step, w = (x, slots, 1), with x seen from the optimum.

    The slots begin at `slots`, shape (s - 1,), the same for every parameter.
    """
    if start is None:
        points = _starts(problem, seeds_from(0, seeds)) - found.optimum
    else:
        points = (flat(problem, start) - found.optimum)[None]
    rest = np.append(np.repeat(slots, found.size), 1.0)
    w = np.concatenate([points, np.broadcast_to(rest, (len(points), len(rest)))], axis=1)
    return w.mean(0), w.T @ w / len(w)


@lru_cache(maxsize=16)
def _starts(problem: Problem, seeds: tuple[int, ...]) -> NDArray[np.float64]:
    """The first parameters of the runs of these seeds, shape (seeds, d)."""
    firsts = [problem.init(parameter_generator(seed)) for seed in seeds]
    leaves = zip(*(jax.tree.leaves(params) for params in firsts), strict=True)
    return np.concatenate([np.stack(leaf).reshape(len(seeds), -1) for leaf in leaves], axis=1)
