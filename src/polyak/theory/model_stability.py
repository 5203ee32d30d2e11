"""The edges of the user's own optimizer on the user's own model: the result, and what each edge is true of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyak.ground.numbers import readable
from polyak.run.result import Result
from polyak.theory.datasets import dataset
from polyak.theory.model_subspace import Subspace
from polyak.theory.motion import Motion

if TYPE_CHECKING:
    import xarray as xr

EARLY = 100  # steps before which the edge says next to nothing
BEYOND = 16  # times the edge, at which nothing of cross-entropy ended above its start
OF_FULL = (1.0, 1.4)  # times the edge: where the loss of real runs first rose, full batch and squared loss
BEST = (1.0, 1.2)  # times the edge: the best of a sweep there
FACTOR = (2, 3)  # how far the mean-square edge was from real runs at most: at batch 16 and more, at fewer


@dataclass(frozen=True, eq=False)
class ModelStability(Result):
    """How far an optimizer is from its edges on a model, at the parameters of the day. All learning rates together.

    Attributes:
        optimizer: what it is called.
        model: what the model is called; mode: its mode.
        kind: of the curvature: "hessian" or "gauss_newton".
        rows: over how many rows it was read; of: of how many there are, None where that is not known.
        a: the largest curvature times what a gradient moves by: of P^{1/2} H P^{1/2}; not over 0 where none is.
        error: of that, relative.
        unseen: the same along that direction on rows that it was not read over; nan where all were read.
        full_batch: the full batch's edge in today's learning rates: 2 where they may be doubled.
        mean_square: the edge in mini-batches of `batch_size`; nan where none was asked or can be had.
        without: why it cannot be had; empty where it was.
        batch_size: rows in a batch; None where none was named.
        replace: whether they are drawn with replacement.
        squared: whether the loss is quadratic in the outputs; None where that cannot be told.
        products: with the curvature, and derivatives of the outputs, that were spent.
        motion: the optimizer's linear rule.
        subspace: the model's rows in a few directions; None without `mean_square`.
    """

    optimizer: str
    model: str
    mode: str
    kind: str
    rows: int
    of: int | None
    a: float
    error: float
    unseen: float
    full_batch: float
    mean_square: float
    without: str
    batch_size: int | None
    replace: bool
    squared: bool | None
    products: int
    motion: Motion
    subspace: Subspace | None

    @property
    def steps(self) -> int | None:
        """How many steps the optimizer has taken; None where it does not say."""
        return self.motion.reading.steps

    @property
    def lrs(self) -> tuple[float, ...]:
        """Today's learning rates; empty where they do not show."""
        return self.motion.reading.lrs

    @property
    def lr(self) -> float:
        """The learning rate of all groups; nan where there are several, or it does not show."""
        return self.lrs[0] if len(self.lrs) == 1 else math.nan

    @property
    def max_lr(self) -> float:
        """The full batch's edge as a learning rate; nan where groups have several, or it does not show."""
        return self.full_batch * self.lr

    @property
    def max_lr_in_batches(self) -> float:
        """The edge in mini-batches as a learning rate, likewise."""
        return self.mean_square * self.lr

    @property
    def sharpness(self) -> float:
        """The largest curvature, of D^{-1/2} H D^{-1/2} for an adaptive rule: a over the learning rate.

        For a linear rule the loss's own. nan where the learning rate does not show.
        """
        gain = self.motion.uniform
        return self.a / gain if gain is not None and not self.motion.preconditioned else self.a / self.lr

    @property
    def edge(self) -> float:
        """The sharpness at which today's learning rate is the full batch's edge."""
        return self.sharpness * self.full_batch

    @property
    def share(self) -> float:
        """How much of the nearer edge today's learning rate is: 1 at the edge."""
        known = [factor for factor in (self.full_batch, self.mean_square) if not math.isnan(factor)]
        return 1 / min(known) if min(known) else math.inf

    def words(self) -> tuple[str, ...]:
        """Each edge with what it is true of, and how much it means here."""
        return (*self._full(), *self._in_batches(), *self._scope())

    def _full(self) -> tuple[str, ...]:
        if not self.a > 0:
            return (
                "No curvature is over 0: at these parameters no learning rate is too large for the full batch.",
            )
        what = "Gauss-Newton curvature" if self.kind == "gauss_newton" else "Hessian"
        held = ", while the preconditioner stays" if self.motion.preconditioned else ""
        said = [
            f"With all rows at once, ripples may begin at {self._at(self.full_batch)}: there the largest curvature of "
            f"the {what} at these parameters meets the rule's edge{held}."
        ]
        if not math.isnan(self.unseen) and self.unseen > 0 and self.of != self.rows:
            said.append(
                f"It was read over {self.rows:,} rows, and is {readable(self.a / self.unseen, 3)} times as large there "
                "as along the same direction on others: the edge of all rows is larger by as much at most."
            )
        return tuple(said)

    def _in_batches(self) -> tuple[str, ...]:
        if self.batch_size is None:
            return ()
        if self.without:
            return (f"In mini-batches of {self.batch_size} no edge is known: {self.without}.",)
        assert self.subspace is not None
        how = "with" if self.replace else "without"
        near = FACTOR[0] if self.batch_size >= 16 else FACTOR[1]
        return (
            f"In mini-batches of {self.batch_size}, drawn anew {how} replacement, ripples may begin at "
            f"{self._at(self.mean_square)}: beyond it the expected loss of the linearised model grows, its noise by "
            f"its own noise, in {len(self.subspace.curvatures)} directions. Of real networks with squared loss this "
            f"was within a factor of {near} of where runs grew tenfold.",
        )

    def _scope(self) -> tuple[str, ...]:
        said = []
        if self.steps is not None and self.steps < EARLY:
            said.append(
                f"After {self.steps} steps it means little: before about {EARLY} a run overshoots from half of the "
                "edge on, and the curvature is still changing."
            )
        elif self.steps is None:
            said.append(f"Before about {EARLY} steps it means little, and how many were taken does not show.")
        of_full, best = (" to ".join(map(readable, ends)) for ends in (OF_FULL, BEST))
        squared = (
            f"With squared loss and all rows, real runs first rose at {of_full} times the edge, "
            f"and the best learning rate of a sweep was {best} times it."
        )
        other = f"With cross-entropy it says less: nothing ended above its start at up to {BEYOND} times the edge."
        if self.squared is None:
            said += [squared, other, "Which of the two this loss is cannot be told."]
        elif self.squared:
            said.append(squared)
        else:
            said.append(f"This loss is not quadratic in the outputs. {other}")
        return tuple(said)

    def _at(self, factor: float) -> str:
        if math.isinf(factor):
            return "no learning rate"
        if math.isnan(self.lr):
            return f"{readable(factor, 4)} times today's learning rate{'s' * (len(self.lrs) > 1)}"
        return (
            f"lr {readable(factor * self.lr, 4)} ({readable(factor, 3)} times today's {readable(self.lr, 6)})"
        )

    def to_xarray(self) -> xr.Dataset:
        """The numbers as an xarray.Dataset; the directions' curvatures where a subspace was looked at."""
        numbers = {"a": self.a, "full_batch": self.full_batch, "mean_square": self.mean_square}
        return dataset(
            self.optimizer,
            {name: ((), value) for name, value in numbers.items()}
            | ({} if self.subspace is None else {"curvature": ("direction", self.subspace.curvatures)}),
            {},
            model=self.model,
            kind=self.kind,
            rows=self.rows,
            lr=self.lr,
            batch_size=-1 if self.batch_size is None else self.batch_size,
            true_of="the model near these parameters",
        )

    def __str__(self) -> str:
        mode = f", {self.mode}" if self.mode else ""
        of = "all " if self.of == self.rows else ""
        beside = ""
        if self.batch_size is not None and not self.without:
            beside = f", in batches of {self.batch_size} {self._at(self.mean_square)}"
        full = "nowhere" if not self.a > 0 else self._at(self.full_batch)
        return (
            f"{self.optimizer} on {self.model} ({of}{self.rows:,} rows{mode}): ripples may begin at {full} with all "
            f"rows{beside}; today's is {readable(100 * self.share, 3)} % of the nearer edge"
        )
