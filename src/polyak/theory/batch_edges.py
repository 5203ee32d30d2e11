r"""The edges of mini-batch training: how large a learning rate may be, in three senses that are three different things.

    full batch    beyond it the mean of the parameters diverges, as every run with all the rows does
    mean square   beyond it the expected loss grows without end (mean_square.py)
    typical       beyond it almost every run grows (typical.py)

Between the last two most runs shrink while the mean over runs does not exist: it is held up by a few.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress
from polyak.problems import Problem
from polyak.rules import Optimizer, as_rule
from polyak.run.result import Result
from polyak.theory.datasets import dataset
from polyak.theory.examination import examine, require_constant
from polyak.theory.learning_rate import learning_rate, scaled
from polyak.theory.mean_square import Growth, mean_square_edge, noise_factor
from polyak.theory.pencil import first_end
from polyak.theory.rows import rows_of
from polyak.theory.stable_sets import stable_lrs
from polyak.theory.step_map import StepMap, reduced, require_data_alone, step_map
from polyak.theory.typical import TypicalEdge, typical_edge

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class BatchEdges(Result):
    """How large a rule's learning rate may be on least squares in mini-batches, its other settings as they are.

    Attributes:
        rule: the rule with its settings.
        on: the problem, least squares.
        batch_size: rows in a batch; each batch is drawn anew.
        replace: whether its rows are drawn with replacement.
        lr: the name of the learning rate.
        now: its present value.
        full_batch: beyond it the mean diverges.
        mean_square: beyond it the expected loss grows without end; at most `full_batch`.
    """

    rule: Optimizer
    on: Problem
    batch_size: int
    replace: bool
    lr: str
    now: float
    full_batch: float
    mean_square: float

    @cached_property
    def typical(self) -> TypicalEdge:
        """Beyond it almost every run grows: simulated, in some seconds, at the first time of asking."""
        return self._typical()

    @property
    def simulated(self) -> bool:
        """Whether `typical` is known already."""
        return "typical" in vars(self)

    def simulate(self, progress: Progress | None = None) -> TypicalEdge:
        """The same as `typical`, saying how far it is: called with (learning rates tried, as many as mostly are)."""
        if not self.simulated:
            vars(self)["typical"] = self._typical(progress)
        return self.typical

    def _typical(self, progress: Progress | None = None) -> TypicalEdge:
        return typical_edge(
            self._step_at,
            rows_of(self.on),
            self.batch_size,
            replace=self.replace,
            least=self.mean_square,
            full_batch=self.full_batch,
            progress=progress,
        )

    def growth(self, lrs: NDArray[np.float64]) -> NDArray[np.float64]:
        """The factor by which noise breeds noise at each learning rate: 1 at the mean-square edge; shape of `lrs`."""
        growth = Growth(
            rows_of(self.on), noise_factor(self.batch_size, self.on.data.rows, replace=self.replace)
        )
        return np.array([growth(self._step_at(float(lr)), exact=1e-4) for lr in lrs])

    def _step_at(self, lr: float) -> StepMap:
        return step_map(scaled(self.rule, self.lr, self.now, lr / self.now))

    def to_xarray(self) -> xr.Dataset:
        """The edges as an xarray.Dataset without dimensions."""
        return dataset(
            self.rule,
            {"full_batch": self.full_batch, "mean_square": self.mean_square},
            {},
            on=self.on.name,
            data=self.on.data.name,
            batch_size=self.batch_size,
            replace=int(self.replace),
            lr=self.lr,
        )

    def words(self) -> tuple[str, ...]:
        """What holds below the mean-square edge, between it and the typical run's, which is simulated, and beyond."""
        shrinks, grows = readable(self.mean_square, 4), readable(self.typical.lr, 4)
        interval = f"{readable(self.typical.low, 4)} to {readable(self.typical.high, 4)}"
        return (
            f"Below {self.lr} {shrinks} the expected loss settles, and every run with it.",
            f"From {shrinks} to {grows} ({interval}, 95 %) most runs still shrink, while the mean over runs grows "
            "without end: a few runs hold it up, and an average of losses says nothing there (heavy tails).",
            f"Beyond {grows} almost every run grows.",
        )

    def __str__(self) -> str:
        drawn = "with" if self.replace else "without"
        times = readable(self.full_batch / self.mean_square, 3) if self.mean_square else "inf"
        return (
            f"{self.rule} on {self.on.data.name}, {self.on.name}, batches of {self.batch_size} drawn anew {drawn} "
            f"replacement: the expected loss settles below {self.lr} {readable(self.mean_square, 6)}; the edge of the "
            f"full batch, {readable(self.full_batch, 6)}, is {times} times that"
        )


def batch_edges(
    rule: object, on: object, *, batch_size: int = 10, replace: bool = True, **settings: Any
) -> BatchEdges:
    """How large the learning rate may be in mini-batches: where the expected loss, and a typical run, begin to grow.

    Args:
        rule: a rule that is linear in the gradient and shows its learning rate, or its name.
        on: a Problem that is least squares of one number a row, of any number of parameters.
        batch_size: rows in a batch, from 1 to all of them.
        replace: whether a batch's rows are drawn with replacement; each batch is drawn anew either way. Epochs that
            are permutations, as `train` draws by default, are neither: their noise partly cancels, and they are stable
            somewhat further.
        settings: of a rule that is given by its name or its class.

    Returns BatchEdges. The mean-square edge is exact to a millionth; the typical run's is simulated when it is asked
    for, with an interval. Raises PolyakError for a rule that is not linear or decays the parameters, for a problem that
    is not least squares, and for a batch larger than the data.

    Source: for gradient descent Bach, F. & Moulines, E. (2013), Non-strongly-convex smooth stochastic approximation
    with convergence rate O(1/n); here for any linear rule, the rows' fourth moments kept.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes().standardized())
    >>> edges = batch_edges("heavy_ball", problem, batch_size=4, lr=0.01, momentum=0.9)
    >>> edges.mean_square < edges.full_batch / 10
    True
    """
    rule = as_rule(rule, **settings)
    if not isinstance(on, Problem):
        raise PolyakError(f"{on!r} is no problem: expected one such as linear_regression(data)")
    batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=on.data.rows)
    require_constant(rule)
    examination, state = examine(rule)
    lr, _ = learning_rate(examination, rule)
    rows = rows_of(on)
    lrs = None if lr is None else stable_lrs(examination, rule, lr, state, rows.curvatures)
    if lr is None or lrs is None:
        raise PolyakError(
            f"{rule} shows no learning rate that its step is affine in, so that it has no edge in one"
        )
    now = float(rule.settings()[lr])
    if not now > 0:
        raise PolyakError(f"{rule}: {lr} is {readable(now)}, expected a number over 0 to scale")
    require_data_alone(rule, reduced(*examination.matrices(state=state)))
    phi, full_batch = noise_factor(batch_size, on.data.rows, replace=replace), first_end(lrs)
    edge = mean_square_edge(lambda at: step_map(scaled(rule, lr, now, at / now)), rows, phi, full_batch)
    return BatchEdges(rule, on, batch_size, replace, lr, now, full_batch, edge)
