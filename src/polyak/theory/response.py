r"""The impulse response: how one unit gradient moves x at each later step.

    w_k = what step at + k adds to x without the impulse, less what it adds with it,    k = 0, 1, 2 ...

For momentum w_k = eta gamma^k. From the response follow

    gain = sum w_k,    memory = 1/(1 - gamma),    half-life = log(1/2)/log gamma,    moving average: w_k / gain

with gamma the slowest fading of the slots' own eigenvalues: the sums are in response_sums.py, the runs in
response_runs.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.rules import Optimizer, as_rule
from polyak.run.result import Result
from polyak.theory.datasets import dataset
from polyak.theory.examination import Examination, checked_step
from polyak.theory.learning_rate import learning_rate
from polyak.theory.response_runs import difference
from polyak.theory.response_sums import SHOWN, fade_of, linear_sums, measured_sums, whole

if TYPE_CHECKING:
    import xarray as xr

RULE_OF_THUMB = math.exp(-1)
"""1/e: what is said to be left of a gradient after `memory` steps."""

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

    rule: Optimizer
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
        return whole(self.memory, len(self.weights))

    @property
    def remaining(self) -> float:
        """gamma^(1/(1-gamma)): what is left after `memory` steps, beside `RULE_OF_THUMB`; nan if not linear."""
        return float(self.fade**self.memory) if math.isfinite(self.memory) else math.nan

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with the dimension step."""
        return dataset(
            self.rule,
            {
                "weight": ("step", self.weights, {"long_name": "taken off x by a unit gradient"}),
                "averaging": ("step", self.averaging, {"long_name": "weight in the moving average"}),
            },
            {"step": self.at + np.arange(len(self.weights))},
            gain=self.gain,
            memory=self.memory,
            half_life=self.half_life,
            held=self.held,
            operating_point=self.operating_point,
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


def response(
    rule: object, steps: int | None = None, *, at: int = 0, gradient: float = 0.0, **settings: Any
) -> Response:
    """How one unit gradient moves x at each later step, found by running the rule with it and without it.

    Args:
        rule: an update rule with its settings, schedules included, or its name; an Optax optimizer; a page's function.
        steps: how many to show, from 1 to 10,000; by default until a thousandth is left, and at least 10.
        at: the step that the gradient comes in; under a schedule the response depends on it.
        gradient: the gradient at every step besides, before and after; it matters only where a rule is not linear.
        settings: of a rule that is given by its name or its class.

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
    rule = as_rule(rule, **settings)
    at = checked_step(at)
    examination = Examination(rule, at)
    examination.require_elementwise()
    if not math.isfinite(gradient):
        raise PolyakError(f"gradient is {gradient}, expected a finite number")
    fade = fade_of(examination) if examination.linear else math.nan
    length = _length(fade) if steps is None else whole_number("steps", steps, at_least=1, at_most=MOST)
    weights, left = difference(rule, examination.compiled, at, length, gradient)
    lr, holds_lr = learning_rate(examination, rule, at)
    if examination.linear:
        sums, where = linear_sums(examination, at, weights, left, fade), "a linear rule, the same everywhere"
    else:
        sums, where = measured_sums(weights), _surroundings(at, gradient)
    return Response(rule, at, weights, sums.gain, fade, *sums[1:], lr, holds_lr, examination.linear, where)


def _length(fade: float) -> int:
    """How many steps show a response until a thousandth is left."""
    if math.isnan(fade):
        return NOT_LINEAR
    length = 5 if fade == 0 else math.ceil(math.log(SHOWN) / math.log(fade))
    return min(max(length + 1, LEAST), MOST)


def _surroundings(at: int, gradient: float) -> str:
    if gradient == 0:
        return f"from rest, a gradient of 1 at step {at} and no other"
    return (
        f"under a steady gradient of {readable(gradient, 6)}, one of {readable(gradient + 1, 6)} at step {at}"
    )
