r"""With noise there is a trade: a larger learning rate comes down faster and stays higher.

for each eta:  rate = max over lambda of the spectral radius,   floor = the noise floor,
steps to the floor = the first k with deterministic part_j <= floor - least for all j >= k
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.data import Data
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.rules import Optimizer, as_rule
from polyak.run.result import Result
from polyak.theory.data_moments import curvatures_of
from polyak.theory.datasets import dataset
from polyak.theory.examination import examine
from polyak.theory.expected_training import MOST_STEPS, SEEDS, Training
from polyak.theory.learning_rate import checked_lrs, learning_rate_of, scaled
from polyak.theory.noise_floor import noise_floor
from polyak.theory.pencil import first_end
from polyak.theory.spectrum import spectrum
from polyak.theory.stable_sets import stable_lrs
from polyak.theory.step_map import StepMap, require_data_alone, step_map
from polyak.theory.transient import steps_until

if TYPE_CHECKING:
    import xarray as xr

POINTS = 40
DECADES = 3  # below the largest stable learning rate


@dataclass(frozen=True, eq=False)
class Trade(Result):
    """The rate and the noise floor of a rule over its learning rate.

    Attributes:
        rule: the rule with its settings.
        problem: what is trained.
        batch_size: rows in a batch, drawn with replacement.
        lr: the name of the learning rate.
        lrs: its values, shape (n,).
        log_rates: the logarithm of the worst rate of the mean over the problem's curvatures, shape (n,); 0 where it
            cannot be told from 1.
        floors: the expected loss in the long run, shape (n,); inf where it grows without end.
        least: the least loss there is.
        steps_to_floor: the steps until the deterministic part is down at the noise part and stays there, when more
            steps at this learning rate stop to pay, shape (n,); inf where that takes more than 100,000, or never comes.
    """

    rule: Optimizer
    problem: Problem
    batch_size: int
    lr: str
    lrs: NDArray[np.float64]
    log_rates: NDArray[np.float64]
    floors: NDArray[np.float64]
    least: float
    steps_to_floor: NDArray[np.float64]

    @property
    def rates(self) -> NDArray[np.float64]:
        """The worst rates, shape (n,)."""
        return np.exp(self.log_rates)

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with the dimension lr."""
        return dataset(
            self.rule,
            {
                "rate": ("lr", self.rates, {"long_name": "shrinks by, each step"}),
                "floor": ("lr", self.floors, {"long_name": "expected loss in the long run"}),
                "steps_to_floor": ("lr", self.steps_to_floor, {"units": "steps"}),
            },
            {"lr": self.lrs},
            on=self.problem.name,
            least=self.least,
        )

    @property
    def _ending(self) -> str:
        return " (inf: it grows without end)" if np.isinf(self.floors[[0, -1]]).any() else ""

    def __str__(self) -> str:
        return (
            f"{self.rule} on {self.problem.data.name}, batch {self.batch_size}: {self.lr} from "
            f"{readable(self.lrs[0], 6)} to "
            f"{readable(self.lrs[-1], 6)}, floor from {readable(self.floors[0], 6)} to "
            f"{readable(self.floors[-1], 6)}{self._ending}"
        )


def tradeoff(
    rule: object,
    on: Problem | Data | str,
    *,
    batch_size: int = 10,
    lrs: Sequence[float] | NDArray[np.float64] | None = None,
    seeds: int | Sequence[int] = SEEDS,
    point: Pytree = None,
    **settings: Any,
) -> Trade:
    """The trade between rate and noise floor, over the learning rate; the rule's other settings stay.

    Args:
        rule: a rule that is linear in the gradient, with a learning rate that can be set.
        on: least squares of at most 64 parameters, or any with the `point` of its quadratic model.
        batch_size: rows in a batch, drawn with replacement.
        lrs: positive learning rates, shape (n,); 40 over three decades up to the largest stable one by default.
        seeds: whose first parameters the descent begins at.
        point: see `expected_loss`.
        settings: of a rule that is given by its name or its class.

    Returns a Trade. Raises PolyakError as `expected_loss` does.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes().standardized())
    >>> trade = tradeoff(pk.HeavyBall(lr=0.01, momentum=0.5), problem, lrs=[0.001, 0.01])
    >>> bool(trade.rates[0] > trade.rates[1]), bool(trade.floors[0] < trade.floors[1])
    (True, True)
    """
    rule = as_rule(rule, **settings)
    training = Training(on, batch_size, point)
    moments, batch_size = training.moments, training.batch_size
    curvatures, U = curvatures_of(moments)
    step = step_map(rule)
    require_data_alone(rule, step)
    name, value = learning_rate_of(rule)
    values = _up_to_the_edge(rule, name, curvatures) if lrs is None else checked_lrs("lrs", lrs)
    maps = [step_map(scaled(rule, name, value, lr / value)) for lr in values]
    D = np.array([_grown(one, len(step.B)).change_on(curvatures) for one in maps])
    log_rates = spectrum(D)[1].max(-1)
    floors = np.array([noise_floor(one.A, one.B, moments, batch_size) for one in maps])
    start = training.first_moments(np.zeros(0), seeds)[0][: moments.size] @ U
    weights = np.sqrt(curvatures / 2) * start
    steps = np.array(
        [_steps_down(d, weights, floor - moments.least) for d, floor in zip(D, floors, strict=True)]
    )
    return Trade(rule, training.on, batch_size, name, values, log_rates, floors, moments.least, steps)


def _up_to_the_edge(rule: Optimizer, lr: str, curvatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Learning rates over three decades up to the largest stable one."""
    examination, state = examine(rule)
    edge = first_end(stable_lrs(examination, rule, lr, state, curvatures) or ())
    if not 0 < edge < np.inf:
        raise PolyakError(f"{rule} has no largest stable {lr} here: say which are meant, lrs=[...]")
    return np.geomspace(edge / 10**DECADES, edge * 0.98, POINTS)


def _grown(one: StepMap, size: int) -> StepMap:
    """The same map with room for `size` numbers: at some settings a slot is left out."""
    more = size - len(one.B)
    return StepMap(np.pad(one.A, (0, more)), np.pad(one.B, (0, more)))


def _steps_down(D: NDArray[np.float64], weights: NDArray[np.float64], noise: float) -> float:
    """The first step from which on the deterministic part, sum (weight x)^2, is at most the noise; inf for too many."""
    if not 0 < noise < np.inf:
        return np.inf
    steps = steps_until(float(np.sqrt(noise)), D, weights)
    return steps if steps <= MOST_STEPS else np.inf
