"""What to set: a largest learning rate with a margin, and the best setting on what was measured, with their grounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.theory.model_stability import EARLY

MARGIN = (
    2.0  # real runs of networks grew tenfold at .56 to 1.1 times their mean-square edge, batches of 4 to 64
)
AS_GOOD = (
    0.25  # of what today's setting brings: one that is expected to bring less than that more is no better
)
REAL = (0.15, 1.6)  # what the loss of real runs changed by, in the expected: benchmarks/suggestions.py
REACHED = (47, 91)  # % of the best setting of a sweep, there


@dataclass(frozen=True)
class Setting:
    """One setting and what is expected of it.

    Attributes:
        lr: its learning rate; where parameters have several, in times today's.
        momentum: its momentum, or beta1; None for a rule that has none.
        brings: the change of the loss that the gradient makes on the quadratic, in `Suggestion.steps` steps.
        adds: what the noise of the batches adds to that.
        edge: the learning rate of the nearer edge at this momentum.
    """

    lr: float
    momentum: float | None
    brings: float
    adds: float
    edge: float

    @property
    def change(self) -> float:
        """The expected change of the loss."""
        return self.brings + self.adds

    @property
    def share(self) -> float:
        """How much of the edge is in use."""
        return self.lr / self.edge


@dataclass(frozen=True, eq=False)
class Suggestion(Shown):
    """What to set on a model as it is today, at a batch size, for so many steps.

    Attributes:
        model: its name.
        optimizer: what it is called.
        lr_name, momentum_name: what the two are called; the second is None for a rule that has none.
        batch_size: rows in a batch.
        steps: how far it looks ahead.
        today: the setting as it is.
        largest: today's momentum with the largest learning rate that is suggested, half of the nearer edge.
        best: the best expected change under that margin, over learning rates and momenta; None where none is better
            than today's.
        full_batch_edge, mean_square_edge: the learning rates of the two edges, at today's momentum.
        kind: of the matrix that the quadratic is of.
        rows: over how many rows it was measured; products: with how many products with the matrix over them.
        taken: how many steps the optimizer has taken; None where that does not show.
        several: whether the parameters have several learning rates, so that each is in times today's.
    """

    model: str
    optimizer: str
    lr_name: str
    momentum_name: str | None
    batch_size: int
    steps: int
    today: Setting
    largest: Setting
    best: Setting | None
    full_batch_edge: float
    mean_square_edge: float
    kind: str
    rows: int
    products: int
    taken: int | None
    several: bool

    @property
    def settings(self) -> Mapping[str, float]:
        """What to set, by name: the best, or today's where none is better."""
        chosen = self.best or self.today
        found = {self.lr_name: chosen.lr}
        return found if self.momentum_name is None else {**found, self.momentum_name: chosen.momentum or 0.0}

    def words(self) -> list[str]:
        """Each number with its ground, its scope and what it would do beside today's setting."""
        return [self._largest_words(), *self._best_words(), self._scope(), *self._early()]

    def _largest_words(self) -> str:
        nearer = "mean-square" if self.mean_square_edge <= self.full_batch_edge else "full-batch"
        over = "" if self.today.share <= 1 / MARGIN else ": it is over the margin"
        return (
            f"The largest {self.lr_name} with a margin: {self.spelled(self.largest.lr)}, half of the {nearer} edge "
            f"{self.spelled(self.today.edge)} at batches of {self.batch_size} (the full batch's: "
            f"{self.spelled(self.full_batch_edge)}). The margin is what networks showed: real runs grew tenfold at .56 "
            f"to 1.1 times that edge. Today's {self.spelled(self.today.lr)} uses {readable(100 * self.today.share, 3)} "
            f"% of the edge{over}."
        )

    def _best_words(self) -> list[str]:
        now = (
            f"today's setting is expected to change the loss by {signed(self.today.change)} in {self.steps} steps "
            f"({self._parts(self.today)})"
        )
        if self.best is None:
            return [
                f"No setting under the margin is clearly better than today's: {now}. Keep {self._named(self.today)}."
            ]
        return [
            f"Best under the margin, on the measured spectrum and noise: {self._named(self.best)}, expected to change "
            f"the loss by {signed(self.best.change)} in {self.steps} steps ({self._parts(self.best)}); {now}."
        ]

    def _parts(self, setting: Setting) -> str:
        return f"{signed(setting.brings)} by the gradient, {signed(setting.adds)} by the noise"

    def _scope(self) -> str:
        matrix = {"hessian": "Hessian, where it bends down taken as flat"}.get(
            self.kind, "Gauss-Newton matrix"
        )
        return (
            f"This is said of the quadratic near today's parameters ({matrix}, over {self.rows:,} rows), begun at "
            f"rest: it ranks settings for the next {self.steps} steps and forecasts no loss (on a network of digits "
            f"the loss changed by {' to '.join(map(readable, REAL))} times the expected, and the setting that it named "
            f"brought {REACHED[0]} to {REACHED[1]} % of what the best of a sweep did); measure again later."
        )

    def _early(self) -> list[str]:
        if self.taken is None or self.taken >= EARLY:
            return []
        return [
            f"After {self.taken} steps it means little: before about {EARLY} the curvature is still changing fast."
        ]

    def spelled(self, lr: float) -> str:
        """A learning rate, in times today's where there are several."""
        return f"{readable(lr)} times today's" if self.several else readable(lr)

    def _named(self, setting: Setting) -> str:
        lr = f"{self.lr_name} {self.spelled(setting.lr)}"
        if self.momentum_name is None or setting.momentum is None:
            return lr
        return f"{lr}, {self.momentum_name} {readable(setting.momentum)}"

    def __str__(self) -> str:
        said = "keep today's setting" if self.best is None else f"set {self._named(self.best)}"
        return (
            f"{self.model}, {self.optimizer}: {said}; the largest {self.lr_name} {self.spelled(self.largest.lr)} "
            f"(batches of {self.batch_size}, {self.steps} steps, on the quadratic near today's parameters)"
        )


def signed(value: float) -> str:
    """A change in words.

    >>> signed(-0.0123456), signed(0.5)
    ('-0.01235', '+0.5')
    """
    return f"{'+' if value > 0 else ''}{readable(value)}"
