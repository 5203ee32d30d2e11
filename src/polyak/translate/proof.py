"""The proof of a translation: both sides on one problem, with what was predicted beside what was measured."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.spelling import Meaning
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress
from polyak.ground.shown import Shown
from polyak.rules import LinearRule
from polyak.translate import impulse_response as algebra
from polyak.translate.proof_problem import Problem, gap, learning_rates, problem_for

if TYPE_CHECKING:
    from polyak.translate.side import Side

ROUNDING = 1e-10  # of the trajectory's size: what float64 leaves over a thousand steps


@dataclass(frozen=True)
class Proof(Shown):
    """What running both sides gave. Gaps are the largest, over all steps, of the trajectory's size.

    Attributes:
        sides: what was run, in words: the framework and its version, or our rule for it.
        steps: how many.
        gap: at a constant learning rate.
        drop: what the learning rate was multiplied by half way, in another run; None where nothing parts then.
        gap_after_drop: in that run, both sides left to themselves.
        predicted: what that gap was to be, from the coefficients; nan where the rule is not linear.
        gap_with_remedy: the same, the velocity multiplied as `words` says.
        gradient: about how large the gradients were; None where that makes no difference, and they were about 1.
    """

    sides: tuple[str, str]
    steps: int
    gap: float
    drop: float | None = None
    gap_after_drop: float = math.nan
    predicted: float = math.nan
    gap_with_remedy: float = math.nan
    gradient: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the sides are the same but for rounding, where the translation says so."""
        return self.gap <= ROUNDING and not self.gap_with_remedy > ROUNDING

    def __str__(self) -> str:
        large = "" if self.gradient is None else f" with gradients of about {readable(self.gradient)}"
        said = [
            f"checked: {self.steps:,} steps{large}, largest gap {_size(self.gap)} ({self.sides[0]} | {self.sides[1]})"
        ]
        if self.drop is not None:
            predicted = "" if math.isnan(self.predicted) else f", predicted {readable(self.predicted, 6)}"
            said.append(
                f"with the learning rate times {readable(self.drop, 6)} half way: gap "
                f"{readable(self.gap_after_drop, 6)}{predicted}; with"
                f" the remedy {_size(self.gap_with_remedy)}"
            )
        return "\n".join(said)


def prove(
    meaning: Meaning,
    source: Side,
    target: Side,
    steps: int,
    drop: float,
    *,
    parts: bool,
    size: float | None = None,
    progress: Progress | None = None,
) -> Proof:
    """Run both sides, at a constant learning rate and, where they part then, through a drop; gradients of a size."""
    steps = whole_number("steps", steps, at_least=4)
    if isinstance(drop, bool) or not isinstance(drop, int | float) or not 0 < drop < math.inf:
        raise PolyakError(f"drop is {drop!r}, expected a number above 0")
    problem = problem_for(meaning.rule, steps, 1.0 if size is None else size)
    lr, theirs = meaning.rule.lr, target.meaning.rule.lr

    runs = itertools.count(1)

    def ran(side: Side, lrs: NDArray[np.float64], factor: float | None = None) -> NDArray[np.float64]:
        path = side.path(problem, lrs, factor)
        if progress is not None:
            progress(next(runs), 5 if parts else 2)
        return path

    names = source.ran, target.ran
    constant = gap(ran(source, learning_rates(lr, steps)), ran(target, learning_rates(theirs, steps)))
    if not parts:
        return Proof(names, steps, constant, gradient=size)
    there: Any = target.meaning.rule
    inside = algebra.holds_lr(there) if isinstance(there, LinearRule) else there.lr_in_velocity
    falling = learning_rates(theirs, steps, drop)
    here = ran(source, learning_rates(lr, steps, drop))
    dropped = here, ran(target, falling)
    remedied = gap(here, ran(target, falling, drop if inside else 1 / drop))
    foreseen = math.nan
    if isinstance(meaning.rule, LinearRule):
        size = np.abs(dropped[0] - dropped[0][0]).max()
        foreseen = predicted_gap(meaning, problem, steps, drop) / size
    return Proof(names, steps, constant, drop, gap(*dropped), foreseen, remedied)


def predicted_gap(meaning: Meaning, problem: Problem, steps: int, drop: float) -> float:
    r"""How far a velocity that holds the learning rate and one that does not part on the problem after a drop.

    Until the drop both are one. Then the one that holds it is to carry x on by its old velocity, the other by
    new/old of that. What lies between them, d = (x, v) - (x', v'), starts as (0, (1 - new/old) v) and then moves
    by the linear step alone, whatever the forcing: d <- (1 - (p c + q) A) d_x - p m d_v, v likewise.

    Returns the largest difference in x at any later step, from the coefficients and the velocity at the drop.
    """
    rule = meaning.rule
    at = steps // 2
    m, c, p, q = rule.coefficients()
    x, v = problem.start, np.zeros_like(problem.start)
    coupled = meaning.weight_decay if meaning.decay_kind == "coupled" else 0.0
    beside = meaning.weight_decay if meaning.decay_kind == "decoupled" else 0.0
    for step in range(at):
        g = problem.gradient(x, step) + coupled * x
        taken = rule.first_coefficients().c if step == 0 else c
        v = m * v + taken * g
        x = x * (1 - rule.lr * beside) - p * v - q * g
    m, c, p, q = rule.replace(lr=rule.lr * drop).coefficients()
    # In the units of the side after the drop: one keeps its displacement p v, the other new/old of it.
    before = rule.coefficients().p
    apart = (1 - drop) * v * (before / p)
    A = problem.A + coupled * np.eye(len(x))
    d_x, d_v, largest = np.zeros_like(x), apart, 0.0
    for _ in range(at, steps):
        d_g = A @ d_x
        d_v = m * d_v + c * d_g
        d_x = d_x * (1 - rule.lr * drop * beside) - p * d_v - q * d_g
        largest = max(largest, float(np.abs(d_x).max()))
    return largest


def _size(found: float) -> str:
    return f"0 to rounding ({readable(found, 1)})" if found <= ROUNDING else readable(found, 6)
