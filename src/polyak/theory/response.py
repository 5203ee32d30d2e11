r"""The impulse response: how one unit gradient moves x at each later step.

    w_k = what step at + k adds to x without the impulse, less what it adds with it,    k = 0, 1, 2 ...

For momentum w_k = eta gamma^k. From the response follow

    gain = sum w_k,    memory = 1/(1 - gamma),    half-life = log(1/2)/log gamma,    moving average: w_k / gain

with gamma the slowest fading of the slots' own eigenvalues. What is beyond the weights shown is summed from the slots'
own matrix D, with z what the impulse leaves in them: sum_{j >= k} w_j = -A_x D^k (1 - D)^-1 z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.version import __version__
from polyak.rules import as_rule
from polyak.run.result import Result
from polyak.theory.examination import Examination, checked_step
from polyak.theory.impulse import difference
from polyak.theory.learning_rate import learning_rate
from polyak.theory.step_map import StepMap, loop_through_x

RULE_OF_THUMB = math.exp(-1)
"""1/e: what is said to be left of a gradient after `memory` steps."""

TOLD = 1e-9  # a fading this near 1 is known to 1e-7 of the distance, where slots that move each other are solved for
SHOWN = 1e-3  # of the first weight: where a response of no given length ends
LEAST, MOST, NOT_LINEAR = 10, 10_000, 100


@dataclass(frozen=True, eq=False)
class Response(Result):
    """How one unit gradient moves x at steps 0, 1, 2 ... after it.

    Attributes:
        rule: the rule with its settings.
        at: the step that the gradient comes in.
        weights: what it takes off x at each step from there on, shape (steps,).
        gain: all that it takes off x in the end, past the steps shown too: eta/(1-gamma) for momentum; where the rule
            is not linear, in the steps shown, and inf where it never fades.
        fade: gamma, the factor from one step to the next once the response only fades; nan where the rule is not
            linear, 0 where nothing is remembered.
        memory: 1/(1-gamma) steps; where the rule is not linear, the sum of |weights| over the largest; inf for none.
        half_life: steps in which the response falls to a half; 0 where nothing is remembered, inf where it never does.
        held: the part of the whole weight that the last `whole_memory` steps hold: 1 - gamma^memory for momentum, about
            1 - 1/e; nan where the gain is 0 or inf, and where rounding hides it.
        lr: the name of the setting that scales the response, the learning rate; None where none does.
        holds_lr: whether a slot holds the learning rate: True, False, or None where that cannot be said.
        linear: whether superposition holds, found by test.
        operating_point: what surrounds the impulse; for a linear rule it does not matter.
    """

    rule: Any
    at: int
    weights: NDArray[np.float64]
    gain: float
    fade: float
    memory: float
    half_life: float
    held: float
    lr: str | None
    holds_lr: bool | None
    linear: bool
    operating_point: str

    @property
    def averaging(self) -> NDArray[np.float64]:
        """The weights of the moving average, w_k / gain, shape (steps,); nan where the gain is 0 or inf."""
        known = self.gain != 0 and math.isfinite(self.gain)
        return self.weights / self.gain if known else np.full(self.weights.shape, np.nan)

    @property
    def whole_memory(self) -> int:
        """The memory in whole steps, at least 1; as many as there are weights where it is inf."""
        return _whole(self.memory, len(self.weights))

    @property
    def remaining(self) -> float:
        """gamma^(1/(1-gamma)): what is left after `memory` steps, beside `RULE_OF_THUMB`; nan if not linear."""
        return float(self.fade**self.memory) if math.isfinite(self.memory) else math.nan

    def to_xarray(self) -> Any:
        """The same as an xarray.Dataset with the dimension step."""
        import xarray as xr

        attrs = {
            "rule": str(self.rule),
            "gain": self.gain,
            "memory": self.memory,
            "half_life": self.half_life,
            "held": self.held,
            "operating_point": self.operating_point,
            "version": __version__,
        }
        return xr.Dataset(
            {
                "weight": ("step", self.weights, {"long_name": "taken off x by a unit gradient"}),
                "averaging": ("step", self.averaging, {"long_name": "weight in the moving average"}),
            },
            {"step": self.at + np.arange(len(self.weights))},
            attrs,
        )

    def __str__(self) -> str:
        if self.linear:
            return (
                f"{self.rule}: gain {readable(self.gain, 6)}, memory {readable(self.memory, 6)} steps, "
                f"half-life {readable(self.half_life, 6)}"
            )
        return (
            f"{self.rule}, not linear; {self.operating_point}: gain {readable(self.gain, 6)}, memory "
            f"{readable(self.memory, 6)} steps"
        )


def response(rule: Any, steps: int | None = None, *, at: int = 0, gradient: float = 0.0) -> Response:
    """How one unit gradient moves x at each later step, found by running the rule with it and without it.

    Args:
        rule: an update rule with its settings, schedules included; an Optax optimizer; a page's function.
        steps: how many to show, from 1 to 10,000; by default until a thousandth is left, and at least 10.
        at: the step that the gradient comes in; under a schedule the response depends on it.
        gradient: the gradient at every step besides, before and after; it matters only where a rule is not linear.

    Returns a Response. Raises PolyakError for a rule whose response never fades (a momentum of 1), for one that moves
    an array otherwise than its entries alone, and for input that cannot be used. A rule that is not linear is answered,
    at the operating point that `at` and `gradient` say: by default from rest, with no other gradient.

    Source: Goh, G. (2017). Why momentum really works, Distill; Oppenheim, A. V. & Schafer, R. W. (2010).
    Discrete-time signal processing, section 2.3, for the response of a linear system.

    >>> import polyak as pk
    >>> r = response(pk.HeavyBall(lr=0.5, momentum=0.5))
    >>> r.weights[:4], r.gain, r.memory, r.half_life, r.holds_lr
    (array([0.5   , 0.25  , 0.125 , 0.0625]), 1.0, 2.0, 1.0, True)
    >>> round(r.remaining, 6), round(r.held, 6)
    (0.25, 0.75)
    """
    rule = as_rule(rule)
    at = checked_step(at)
    examination = Examination(rule, at)
    examination.require_elementwise()
    if not math.isfinite(gradient):
        raise PolyakError(f"gradient is {gradient}, expected a finite number")
    fade = _fade(examination) if examination.linear else math.nan
    if steps is None:
        length = 5 if not 0 < fade < 1 else math.ceil(math.log(SHOWN) / math.log(fade))
        length = min(max(length + 1, LEAST), MOST) if examination.linear else NOT_LINEAR
    else:
        length = whole_number("steps", steps, at_least=1, at_most=MOST)
    weights, left = difference(rule, examination.compiled, at, length, gradient)
    name, holds = learning_rate(examination, rule, at)
    if examination.linear:
        gain = float(weights.sum()) + _tail(examination, at + length, left)
        memory = 1 / (1 - fade)
        half_life = math.log(0.5) / math.log(fade) if fade > 0 else 0.0
        held = _held(examination, at, weights, left, _whole(memory, length), gain)
        where = "a linear rule, the same everywhere"
    else:
        memory, half_life = _measured(weights)
        gain = math.inf if math.isinf(memory) else float(weights.sum())
        held = _part(float(weights[: _whole(memory, length)].sum()), gain)
        where = _surroundings(at, gradient)
    return Response(
        rule, at, weights, gain, fade, memory, half_life, held, name, holds, examination.linear, where
    )


def _fade(examination: Examination) -> float:
    """The largest of the slots' own eigenvalues, over the loop through x. Refuses 1 and more."""
    A, B = examination.matrices()
    kept = loop_through_x(A[None], B[None])
    own = A[np.ix_(kept[1:], kept[1:])]
    alone = _stand_alone(own)
    fade = float(np.abs(np.diag(own) if alone else np.linalg.eigvals(own)).max(initial=0.0))
    if not alone and 1 - TOLD < fade < 1:
        raise PolyakError(
            f"{examination.name}: its slots fade by {readable(fade, 17)} a step, too near 1 to tell their "
            "memory from rounding"
        )
    if fade >= 1:
        raise PolyakError(
            f"{examination.name}: its response never fades, for a slot keeps {readable(fade, 6)} of itself each step "
            "(momentum of 1 or more), expected less than 1"
        )
    return fade


def _stand_alone(own: NDArray[np.float64]) -> bool:
    """Whether each slot fades by itself: its factor then stands in the matrix, with no rounding."""
    return not (own - np.diag(np.diag(own))).any()


def _whole(memory: float, shown: int) -> int:
    return max(round(memory), 1) if math.isfinite(memory) else shown


def _part(weight: float, gain: float) -> float:
    return weight / gain if gain != 0 and math.isfinite(gain) else math.nan


def _held(
    examination: Examination,
    at: int,
    weights: NDArray[np.float64],
    left: NDArray[np.float64],
    memory: int,
    gain: float,
) -> float:
    """The part of all weights that `memory` steps hold, past those shown too."""
    more = memory - len(weights)
    if more <= 0:
        return _part(float(weights[:memory].sum()), gain)
    last, z = _left_over(examination, at + len(weights), left)
    if last.feeds_back or getattr(examination.rule, "schedules", dict)():
        return math.nan
    D, come = last.A[1:, 1:], np.zeros(len(z) - 1)
    if _stand_alone(D):
        with np.errstate(under="ignore"):
            come = np.diag(D) ** more * z[1:]
    else:
        come = np.linalg.matrix_power(D, more) @ z[1:]
    return 1 - _part(_still_to_come(last, come), gain)


def _tail(examination: Examination, step: int, left: NDArray[np.float64]) -> float:
    """What is still to come off x after the last step shown, where the impulse left `left` in z."""
    last, z = _left_over(examination, step, left)
    if last.feeds_back:  # x itself fades: in the end all comes back
        return float(z[0]) if np.abs(np.linalg.eigvals(last.A)).max() < 1 else math.nan
    return _still_to_come(last, z[1:])


def _still_to_come(last: StepMap, slots: NDArray[np.float64]) -> float:
    return -float(last.A[0, 1:] @ np.linalg.solve(np.eye(len(slots)) - last.A[1:, 1:], slots))


def _left_over(
    examination: Examination, step: int, left: NDArray[np.float64]
) -> tuple[StepMap, NDArray[np.float64]]:
    """The map at a step, and what an impulse left in what lies on its loop through x."""
    now = examination.matrices()
    then = examination.matrices(state=examination.waited(examination.begun, step))
    kept = loop_through_x(np.array([now[0], then[0]]), np.array([now[1], then[1]]))
    return StepMap(then[0][np.ix_(kept, kept)], then[1][kept]), left[kept]


def _measured(weights: NDArray[np.float64]) -> tuple[float, float]:
    """Memory and half-life of weights that follow no law."""
    sizes = np.abs(weights)
    if not np.isfinite(sizes).all() or not sizes.max() > 0:
        return math.nan, math.nan
    below = np.flatnonzero((sizes <= sizes.max() / 2) & (np.arange(len(sizes)) > sizes.argmax()))
    endless = sizes[-1] > SHOWN * sizes.max() and not len(below)
    memory = math.inf if endless else float(sizes.sum() / sizes.max())
    return memory, float(below[0] - sizes.argmax()) if len(below) else math.inf


def _surroundings(at: int, gradient: float) -> str:
    if gradient == 0:
        return f"from rest, a gradient of 1 at step {at} and no other"
    return (
        f"under a steady gradient of {readable(gradient, 6)}, one of {readable(gradient + 1, 6)} at step {at}"
    )
