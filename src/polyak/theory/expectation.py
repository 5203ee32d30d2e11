r"""The expected loss of mini-batch training, step by step, from the data's moments.

    E[loss_k] = least + (loss of the mean parameters - least) + trace(H X_k) / 2

the deterministic part, what full batches would do, and the noise part, what the spread X_k around the mean adds. The
recursion that gives them is in moment_recursion.py; its level in the long run in noise_floor.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.data import Data
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.problems import Problem, as_problem, hold_out
from polyak.rules import Optimizer, as_rule
from polyak.run.result import Result
from polyak.theory.data_moments import MOST_PARAMETERS, flat, parameters_of
from polyak.theory.datasets import dataset
from polyak.theory.expected_training import MOST_STEPS, SEEDS, Training
from polyak.theory.held_out_moments import expected_over, held_out_floor, held_out_form
from polyak.theory.noise_floor import noise_floor
from polyak.theory.wide_expectation import MOST_PARAMETERS as WIDE
from polyak.theory.wide_expectation import wide_expectation

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Expectation(Result):
    """The expected loss over all the data at steps 0, 1, 2 ... of mini-batch training.

    Attributes:
        rule: the rule with its settings.
        problem: what is trained.
        batch_size: rows in a batch, drawn with replacement.
        mean: the expected loss, shape (steps + 1,); inf once it is beyond float64.
        spread: the standard deviation of the loss from run to run, shape (steps + 1,); for parameters that are spread
            normally, which they are after many steps of small batches, and not while the loss is far from normal;
            nan for more than 64 parameters, where it is not computed.
        deterministic: the part of `mean` over `least` that full batches would have, shape (steps + 1,).
        noise: the part of `mean` over `least` that the spread of the parameters adds, shape (steps + 1,); at step 0
            from the starts, later from the batches.
        least: the least loss there is.
        floor: the level that the noise holds `mean` at in the long run; inf where it grows without end; under
            a schedule, that of its last step.
        exact: whether the problem is least squares; else its quadratic model at a point stands for it.
        origin: the same in words.
        error: of more than 64 parameters, how well `noise` is known, as a part of the excess over `least`: see
            covariance_basis.py; 0 where nothing but rounding is off.
        held_out: the expected loss over the rows that are held out, shape (steps + 1,); None where none are.
        held_out_floor: its level in the long run; nan where that depends on the starts, and where no row is held out.
    """

    rule: Optimizer
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
    error: float = 0.0
    held_out: NDArray[np.float64] | None = None
    held_out_floor: float = math.nan

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

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with the dimension step."""
        names = (
            "mean",
            "spread",
            "deterministic",
            "noise",
            *(["held_out"] if self.held_out is not None else []),
        )
        return dataset(
            self.rule,
            {name: ("step", getattr(self, name)) for name in names},
            {"step": np.arange(self.steps + 1), "epoch": ("step", self.epochs, {"units": "epochs"})},
            on=self.problem.name,
            data=self.problem.data.name,
            batch_size=self.batch_size,
            least=self.least,
            floor=self.floor,
            origin=self.origin,
            error=self.error,
            **({} if self.held_out is None else {"held_out_floor": self.held_out_floor}),
        )

    def __str__(self) -> str:
        kind = "" if self.exact else f" ({self.origin})"
        if self.error:
            kind = f" ({self.origin}, known to {readable(self.error, 1)} of the excess)"
        return (
            f"{self.rule} on {self.problem.data.name}, {self.problem.name}, batch {self.batch_size}: expected loss "
            f"{readable(self.mean[-1], 6)} after {self.steps} steps, {self.ending}, least "
            f"{readable(self.least, 6)}{kind}{self._beyond}"
        )

    @property
    def _beyond(self) -> str:
        """What is expected over the rows held out, in words."""
        if self.held_out is None:
            return ""
        long_run = (
            f", in the long run {readable(self.held_out_floor, 6)}"
            if math.isfinite(self.held_out_floor)
            else ""
        )
        rows = self.problem.held_out_rows()
        return f"; over {rows} rows held out {readable(self.held_out[-1], 6)}{long_run}"

    @property
    def ending(self) -> str:
        """The floor in words."""
        if math.isnan(self.floor):
            return "a floor that was not found"
        return (
            f"floor {readable(self.floor, 6)}"
            if math.isfinite(self.floor)
            else "no floor, for it grows without end"
        )


def expected_loss(
    rule: object,
    on: Problem | Data | str,
    *,
    batch_size: int = 10,
    steps: int = 300,
    seeds: int | Sequence[int] = SEEDS,
    start: Pytree = None,
    point: Pytree = None,
    held_out: float | Data | tuple[Any, Any] | None = None,
    **settings: Any,
) -> Expectation:
    """The expected loss of mini-batch training at each step, without training.

    Args:
        rule: a rule that is linear in the gradient, schedules included: ours, Optax's, a page's function.
        on: a Problem, or data or their name; exact where it is least squares. Of more than 64 parameters it must be
            least squares of one number a row; of at most 10,000, and then of at most 10,000 steps.
        batch_size: rows in a batch, drawn with replacement, at most all of them.
        steps: how many, from 1 to 100,000.
        seeds: the runs that it is the mean of: how many (0, 1, 2 ...) or which; their first parameters are those of
            `train`, their batches are averaged over.
        start: parameters that every run begins at, instead.
        point: parameters at which to take the quadratic model of a problem that is not least squares.
        held_out: a share of the rows that nothing is trained on, such as 0.2, or rows of their own: the loss over them
            is expected too; of at most 64 parameters.
        settings: of a rule that is given by its name or its class.

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
    rule = as_rule(rule, **settings)
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    problem = as_problem(on) if held_out is None else hold_out(on, held_out)
    if point is None and MOST_PARAMETERS < parameters_of(problem) <= WIDE:
        if problem.held_out is not None:
            raise PolyakError(
                f"{problem.name} has {parameters_of(problem)} parameters: the loss over rows held out is expected of"
                f" at most {MOST_PARAMETERS}"
            )
        return _wide(rule, problem, batch_size, steps, seeds, start)
    training = Training(problem, batch_size, point)
    maps = training.maps(rule, steps)
    begun = training.first_moments(maps.start, seeds, start)
    deterministic, noise, variance, P = (part[: steps + 1] for part in training.expected(maps, *begun))
    moments, last = training.moments, (maps.A[steps - 1], maps.B[steps - 1])
    kept: dict[str, Any] = {}
    if problem.held_out is not None:
        K = held_out_form(problem, moments, moments.optimum if point is None else flat(problem, point))
        kept = {
            "held_out": _finite_or_inf(expected_over(K, P)),
            "held_out_floor": held_out_floor(K, *last, moments, training.batch_size),
        }
    return Expectation(
        rule=rule,
        problem=training.on,
        batch_size=training.batch_size,
        mean=_finite_or_inf(moments.least + deterministic + noise),
        spread=_finite_or_inf(np.sqrt(np.maximum(variance, 0))),
        deterministic=deterministic,
        noise=noise,
        least=moments.least,
        floor=noise_floor(*last, moments, training.batch_size),
        exact=moments.exact,
        origin=moments.origin,
        **kept,
    )


def _wide(
    rule: Optimizer, on: Problem, batch_size: int, steps: int, seeds: int | Sequence[int], start: Pytree
) -> Expectation:
    """The same for more than 64 parameters."""
    batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=on.data.rows)
    parts = wide_expectation(rule, on, batch_size, steps, seeds, start)
    mean = _finite_or_inf(parts.least + parts.deterministic + parts.noise)
    return Expectation(
        rule=rule,
        problem=on,
        batch_size=batch_size,
        mean=mean,
        spread=np.full(mean.shape, math.nan),
        deterministic=parts.deterministic,
        noise=parts.noise,
        least=parts.least,
        floor=parts.floor,
        exact=True,
        origin=parts.origin,
        error=parts.error,
    )


def _finite_or_inf(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What grew beyond float64 is inf, not the nan of one infinite part less another."""
    return np.where(np.isfinite(values), values, math.inf)
