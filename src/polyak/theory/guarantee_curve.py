"""A guarantee against the learning rate: where a rule is proved, and where only quadratics would have it so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.progress import Progress
from polyak.rules import Optimizer, as_rule
from polyak.theory.certified_rate import STABLE, best_certificate, checked_ends, quadratic_rate
from polyak.theory.datasets import dataset
from polyak.theory.examination import examine
from polyak.theory.learning_rate import checked_lrs, learning_rate, scaled
from polyak.theory.pencil import first_end
from polyak.theory.semidefinite import UnsolvedError
from polyak.theory.stable_sets import stable_curvatures
from polyak.theory.state_space import on_one_number
from polyak.theory.step_map import StepMap, reduced

if TYPE_CHECKING:
    import xarray as xr

POINTS = 40
CLOSELY = 1e-3  # of 1 - rate: what an eye can tell


def guarantee_curve(
    rule: object,
    smoothness: float,
    strong_convexity: float,
    lrs: ArrayLike | None = None,
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Certified rate and quadratics' rate of a rule at many learning rates, its other settings kept.

    Args:
        rule: as for `guarantee`.
        smoothness: L.
        strong_convexity: m > 0.
        lrs: n numbers over 0; 40 up to the edge on quadratics by default.
        progress: called with (done, of how many).
        settings: of a rule that is given by its name or its class.

    Returns an xarray.Dataset with the dimension lr (the name of the rule's own; `scale`, of the gradient, where it
    shows none): `rate`, inf where none below 1 is certified, nan where the solver failed; `quadratic_rate`. Rates are
    known to a thousandth of 1 - rate. Raises PolyakError as `guarantee` does.

    >>> import polyak as pk
    >>> curve = guarantee_curve(pk.GradientDescent(lr=0.1), 9.0, 1.0, [0.1, 0.2])
    >>> curve.rate.values.round(3), curve.quadratic_rate.values.round(3)
    (array([0.9, 0.8]), array([0.9, 0.8]))
    """
    m, L = checked_ends(smoothness, strong_convexity)
    rule = as_rule(rule, **settings)
    family = _Scaled(rule)
    values = family.default(L) if lrs is None else checked_lrs(family.name, lrs)
    rates, on_quadratics = np.full(len(values), math.nan), np.empty(len(values))
    for k, value in enumerate(values):
        step = family.step(float(value))
        on_quadratics[k] = quadratic_rate(step, m, L)[0]
        rates[k] = _rate(step, m, L, float(on_quadratics[k]))
        if progress is not None:
            progress(k + 1, len(values))
    return dataset(
        rule,
        {
            "rate": (family.name, rates, {"long_name": "certified rate; inf where none below 1 is"}),
            "quadratic_rate": (family.name, on_quadratics, {"long_name": "worst rate on quadratics"}),
        },
        {family.name: values},
        name=rule.name(),
        now=family.now,
        smoothness=L,
        strong_convexity=m,
    )


def _rate(step: StepMap, m: float, L: float, on_quadratics: float) -> float:
    if m == L:
        return on_quadratics if on_quadratics < STABLE else math.inf
    try:
        proof = best_certificate(step, m, L, to=CLOSELY)
    except UnsolvedError:
        return math.nan
    return math.inf if proof is None else proof.rate


class _Scaled:
    """A rule at other learning rates; one that shows none, at multiples of its gradient, which is the same."""

    def __init__(self, rule: Optimizer) -> None:
        self.rule = rule
        self.examination, self.state = examine(rule)
        lr, _ = learning_rate(self.examination, rule)
        self.shown = lr is not None
        self.name = lr or "scale"
        self.now = float(rule.settings()[lr]) if lr else 1.0
        self.here = self._map(rule)
        if not self.shown and self.here.feeds_back:
            raise PolyakError(
                f"{self.examination.name} decays its weights and shows no learning rate to draw against"
            )

    def step(self, value: float) -> StepMap:
        if not self.shown:
            return StepMap(self.here.A, value * self.here.B)
        return self._map(scaled(self.rule, self.name, self.rule.settings()[self.name], value / self.now))

    def default(self, L: float) -> NDArray[np.float64]:
        """Evenly up to a little past the edge on quadratics."""
        edge = first_end(stable_curvatures(self.here)) / L
        top = self.now * edge if 0 < edge < math.inf else 2 * self.now
        return np.linspace(0, 1.02 * top, POINTS + 1)[1:]

    def _map(self, rule: Optimizer) -> StepMap:
        return reduced(*self.examination.matrices(on_one_number(rule), self.state))
