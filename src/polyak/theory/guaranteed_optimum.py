r"""The best setting under the guarantee: the least rate that can be certified on all functions, found numerically.

min over settings of  the least certified rate on functions with curvature from m to L
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress, silent
from polyak.rules import GradientDescent, TripleMomentum
from polyak.theory.certified_rate import STABLE, WINDOWS, best_certificate, checked_ends, quadratic_rate
from polyak.theory.closed_forms import ClosedForm, best_gradient_descent
from polyak.theory.guarantee import Guarantee, guarantee
from polyak.theory.interpolation import conditions
from polyak.theory.optimum import Optimum
from polyak.theory.rule_family import WIDE, Family, family
from polyak.theory.semidefinite import UnsolvedError, certificate
from polyak.theory.spectrum import spectrum
from polyak.theory.step_map import StepMap, step_map

if TYPE_CHECKING:
    import xarray as xr

Point = NDArray[np.float64]
NEARLY_1 = 1 - 1e-9  # where a range stops short of 1
LEAST_LR, MOST_LR = 0.02, 50.0  # times 1/L: between these a learning rate is searched
COARSE = (14, 9)  # learning rates, and values of the other setting, that the search begins with
STARTS, TRIES = 2, 22  # of the simplex, and the rates that each may ask for, for each setting
GAIN = 1e-5  # of 1 - rate: what is no gain
CLOSELY = 1e-4  # of 1 - rate: how closely a setting's rate is known


@dataclass(frozen=True, eq=False)
class GuaranteedOptimum(Optimum):
    """The setting of a family with the least certified rate on all functions with curvature between m and L.

    Attributes:
        guarantee: what holds for it. `rate` is the certified one; `rates`, `peak` and `steps_to` are those on the
            quadratics of curvature m and L alone, beside it.
    """

    guarantee: Guarantee

    @property
    def rate(self) -> float:
        """The certified rate, on all the functions."""
        return self.guarantee.rate

    @cached_property
    def speedup(self) -> float:
        """How many steps of the best gradient descent one step is worth, where accuracy is without end.

        log rate / log rate of gradient descent, both certified: a certificate says no steps to an accuracy.
        """
        plain = self.rate if self.gradient_descent is None else self.gradient_descent.rate
        return math.log(self.rate) / math.log(plain)

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with the dimension curvature, whose rates are those on quadratics."""
        return super().to_xarray().assign_attrs(true_of="all functions between these curvatures")

    def __str__(self) -> str:
        m, L = readable(self.curvatures[0]), readable(self.curvatures[-1])
        plain = self.gradient_descent
        buys = (
            ""
            if plain is None
            else f", {readable(self.speedup, 3)} steps of gradient descent in one (in the long run)"
        )
        rate = readable(self.rate, 6)
        return f"best {self.rule} on all functions with curvature {m} to {L}: rate {rate}, certified{buys}"


def guaranteed_optimum(
    rule: object, smoothness: float, strong_convexity: float, *, progress: Progress | None = None
) -> GuaranteedOptimum:
    """The setting with the least certified rate on all functions with curvature from m to L.

    Args:
        rule: a class of ours (`HeavyBall`) or its name, or a rule with its settings, of ours, `from_optax` or
            `from_page`; up to two numbers, the learning rate among them, are searched.
        smoothness: L.
        strong_convexity: m, over 0 and below L.
        progress: called with (starts done, of how many).

    Returns a GuaranteedOptimum; the search is numerical, takes up to a minute, and is good to about
    1e-3 of 1 - rate. Raises PolyakError as
    `guarantee` does, and for a rule with more numbers.

    Source: gradient descent's (k-1)/(k+1): Lessard, Recht & Packard (2016), section 4.4; triple momentum's
    1 - 1/sqrt(k): Van Scoy, Freeman & Lynch (2018), theorem 1.

    >>> best = guaranteed_optimum("gradient_descent", 9.0, 1.0)
    >>> round(best.settings["lr"], 4), round(best.rate, 4)
    (0.2, 0.8)
    """
    m, L = checked_ends(smoothness, strong_convexity)
    if m == L:
        raise PolyakError(
            "smoothness and strong_convexity are equal: one curvature is a quadratic, ask over quadratics"
        )
    free = family(rule)
    if len(free.others) > 1:
        names = ", ".join((free.lr, *free.others))
        raise PolyakError(
            f"{free.name} has {1 + len(free.others)} numbers ({names}), expected two at most under a guarantee"
        )
    settings = _Search(free, m, L).best(progress or silent)
    proved = guarantee(free.member(settings), smoothness=L, strong_convexity=m)
    values = np.array([m, L])
    form, plain = _closed_form(free, m, L), None
    if not isinstance(free.rule, GradientDescent):
        plain = _gradient_descent(m, L)
    changes = proved.step.change_on(values)
    log_rates = spectrum(changes)[1]
    return GuaranteedOptimum(
        free.name, proved.rule, settings, values, changes, log_rates, form, plain, guarantee=proved
    )


def _gradient_descent(m: float, L: float) -> Optimum:
    """The best gradient descent: its closed form, which holds on quadratics and on all functions alike."""
    form = best_gradient_descent(m, L)
    settings, values = {"lr": form.lr}, np.array([m, L])
    rule = GradientDescent(**settings)
    changes = step_map(rule).change_on(values)
    return Optimum(rule.name(), rule, settings, values, changes, spectrum(changes)[1], form, None)


def _closed_form(free: Family, m: float, L: float) -> ClosedForm | None:
    if isinstance(free.rule, GradientDescent):
        return best_gradient_descent(m, L)
    if isinstance(free.rule, TripleMomentum):
        rate = 1 - (m / L) ** 0.5
        return ClosedForm(1 / L, None, rate, "Van Scoy, Freeman & Lynch (2018), theorem 1")
    return None


class _Search:
    """The best settings of a family, as points: log(lr L), and the other setting."""

    def __init__(self, free: Family, m: float, L: float) -> None:
        self.free, self.m, self.L = free, m, L
        self.names = (free.lr, *free.others)
        ends = [(low, NEARLY_1 if high == WIDE else high) for low, high in free.others.values()]
        self.low = np.array([np.log(LEAST_LR), *(low for low, _ in ends)])
        self.high = np.array([np.log(MOST_LR), *(high for _, high in ends)])
        self.kept = free.kept(self.names)

    def best(self, progress: Progress) -> dict[str, float]:
        """From the best point of a grid by Nelder and Mead's simplex, begun anew where it has shrunk to nothing."""
        from scipy.optimize import minimize

        here = self._coarsely()
        reach = (self.high - self.low) / np.array(COARSE[: len(here)])
        for done in range(STARTS):
            corners = np.vstack([np.zeros(len(here)), np.diag((-1.0) ** done * reach)])
            simplex = minimize(
                self._rate,
                here,
                method="Nelder-Mead",
                bounds=list(zip(self.low, self.high, strict=True)),
                options={
                    "initial_simplex": np.clip(here + corners, self.low, self.high),
                    "maxfev": TRIES * len(here),
                    "xatol": 1e-6,
                    "fatol": GAIN * (1 - self._rate(here)),
                },
            )
            here, reach = simplex.x, reach / 4
            progress(done + 1, STARTS)
        return self._settings(here)

    def _coarsely(self) -> Point:
        """The best point of a coarse grid, those first that are best on quadratics."""
        axes = [
            np.linspace(low, high, count + 1)[:-1] + (high - low) / (2 * count)
            for low, high, count in zip(self.low, self.high, COARSE, strict=False)
        ]
        points = np.array(list(product(*axes)))
        quick = [self._on_quadratics(point) for point in points]
        best, rate = None, 1.0
        for k in np.argsort(quick, kind="stable"):
            if quick[k] < min(rate, STABLE) and self._beats(points[k], rate - GAIN * (1 - quick[k])):
                lower = self._rate(points[k])
                if lower < rate:
                    best, rate = points[k], lower
        if best is None:
            raise PolyakError(f"no setting of {self.free.name} that was tried has a certified rate below 1")
        return np.asarray(best)

    def _beats(self, point: Point, rate: float) -> bool:
        """Whether a rate can be certified: a single program, where a point's own rate takes a dozen."""
        try:
            return certificate(conditions(self._step(point), self.m, self.L, WINDOWS[-1]), rate).holds
        except UnsolvedError:
            return False

    def _rate(self, point: Point) -> float:
        try:
            proved = best_certificate(self._step(point), self.m, self.L, to=CLOSELY)
        except UnsolvedError:
            return 1.0
        return 1.0 if proved is None else proved.rate

    def _on_quadratics(self, point: Point) -> float:
        return quadratic_rate(self._step(point), self.m, self.L)[0]

    def _step(self, point: Point) -> StepMap:
        return self.free.step(self._settings(point), self.kept)

    def _settings(self, point: Point) -> dict[str, float]:
        values = dict(zip(self.names, map(float, point), strict=True))
        return {**values, self.free.lr: float(np.exp(point[0]) / self.L)}
