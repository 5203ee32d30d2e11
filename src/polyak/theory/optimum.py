r"""The best setting: the least worst rate over given curvatures, found numerically.

min over settings of  max over lambda of  rate(A + lambda B e_x^T)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.numbers import readable
from polyak.ground.version import __version__
from polyak.problems import Problem
from polyak.rules import GradientDescent
from polyak.run.result import Result
from polyak.theory import spectrum
from polyak.theory.closed_forms import ClosedForm, closed_form
from polyak.theory.curvatures import curvatures
from polyak.theory.family import Family, family
from polyak.theory.search import best_settings, map_of
from polyak.theory.steps import peak, steps_until
from polyak.theory.words import grows_first, rate_in_words

OVER = ("quadratics", "convex")


@dataclass(frozen=True, eq=False)
class Optimum(Result):
    """The setting of a family with the best worst rate, on quadratics.

    On other functions between these curvatures it need not converge: heavy ball's best setting for curvatures from 1 to
    25 cycles for ever on a smooth, strongly convex one.

    Source: Lessard, Recht & Packard (2016), section 4, for such a function.

    Attributes:
        family: the rule's name.
        rule: the rule with that setting.
        settings: its numbers by name, the learning rate first.
        curvatures: those it was found for, shape (n,).
        changes: what one step adds to z = (x, slots), a matrix on each curvature, shape (n, s, s).
        log_rates: the logarithm of the rate on each curvature, shape (n,).
        closed_form: the best setting on paper, for curvatures from m to L, where one is known.
        gradient_descent: the best of plain gradient descent on the same curvatures; None for itself.
    """

    family: str
    rule: Any
    settings: Mapping[str, float]
    curvatures: NDArray[np.float64]
    changes: NDArray[np.float64]
    log_rates: NDArray[np.float64]
    closed_form: ClosedForm | None
    gradient_descent: Optimum | None

    @property
    def condition_number(self) -> float:
        """L/m, the largest curvature over the smallest."""
        return float(self.curvatures.max() / self.curvatures.min())

    @property
    def rates(self) -> NDArray[np.float64]:
        """On each curvature, shape (n,)."""
        return np.exp(self.log_rates)

    @property
    def rate(self) -> float:
        """The worst rate."""
        return float(self.rates.max())

    @cached_property
    def peak(self) -> float:
        """The largest |x| on the way from a distance of 1, over the curvatures: 1 where it never grows."""
        return max(map(peak, self.changes))

    @cached_property
    def speedup(self) -> float:
        """How many steps of the best gradient descent one step is worth: the steps of each to 1 % of the error, as run.

        steps_to(0.01) of gradient descent / steps_to(0.01): at critical damping the transient is a large part of it.
        """
        return (
            1.0
            if self.gradient_descent is None
            else self.gradient_descent.steps_to(0.01) / self.steps_to(0.01)
        )

    @property
    def asymptotic_speedup(self) -> float:
        """The same for an accuracy without end: log rate / log rate of gradient descent; nan where a rate is 0."""
        plain = self if self.gradient_descent is None else self.gradient_descent
        with np.errstate(invalid="ignore"):
            return float(self.log_rates.max() / plain.log_rates.max())

    def steps_to(self, fraction: float) -> float:
        """The steps that a run takes to `fraction`, in (0, 1), of its first error, on the curvature that takes longest.

        See `Stability.steps_to`.
        """
        if not 0 < fraction < 1:
            raise PolyakError(f"fraction is {fraction}, expected a number in (0, 1)")
        return max(steps_until(fraction, D[None]) for D in self.changes)

    def to_xarray(self) -> Any:
        """The same as an xarray.Dataset with the dimension curvature."""
        import xarray as xr

        return xr.Dataset(
            {"rate": ("curvature", self.rates, {"long_name": "shrinks by, each step"})},
            {"curvature": self.curvatures},
            {
                "rule": str(self.rule),
                "worst_rate": self.rate,
                "peak": self.peak,
                "speedup": self.speedup,
                "true_of": "quadratics",
                "version": __version__,
            },
        )

    def __str__(self) -> str:
        ends = f"{readable(self.curvatures.min(), 6)} to {readable(self.curvatures.max(), 6)}"
        buys = (
            ""
            if self.gradient_descent is None
            else f", {readable(self.speedup, 3)} steps of gradient descent in one (to 1 % of the error)"
        )
        first = grows_first(self.peak)
        rate = rate_in_words(float(self.log_rates.max()))
        return (
            f"best {self.rule} on quadratics of curvatures {ends}: rate {rate}"
            f"{', ' + first if first else ''}{buys}"
        )


def optimal(rule: Any, curvature: Any, *, params: Any = None, over: str = "quadratics") -> Optimum:
    """The setting with the best worst rate on quadratics of given curvatures.

    Args:
        rule: a class of ours (`HeavyBall`) or its name, or a rule with its settings, of ours, `from_optax` or
            `from_page`; up to three numbers, the learning rate among them, are all searched.
        curvature: what `curvatures` takes: positive numbers, a landscape, a trace, a problem (the two ends of its
            spectrum). The worst is taken over these alone: for one and two settings what is best at both ends is best
            between them.
        params: where a problem's Hessian is taken.
        over: "quadratics", or "convex": the best certified rate over all functions with curvature from the smallest to
            the largest of these (see `guaranteed_optimum`; it takes up to a minute).

    Returns an Optimum. Raises PolyakError for a rule that is not linear or has more than three numbers, for negative
    curvatures (no rate is best on a saddle), and where double precision cannot say the best setting.

    Source: the closed forms beside it name theirs.

    >>> import polyak as pk
    >>> b = optimal(pk.HeavyBall, curvature=[1, 9])
    >>> {name: round(value, 9) for name, value in b.settings.items()}, round(b.rate, 9)
    ({'lr': 0.25, 'momentum': 0.25}, 0.5)
    >>> round(b.gradient_descent.rate, 9), round(b.speedup, 3)
    (0.8, 1.909)
    """
    if over not in OVER:
        raise unknown("class of functions", str(over), OVER)
    if over == "convex":
        from polyak.theory.guaranteed_optimum import guaranteed_optimum  # which is an Optimum itself

        between = curvatures(curvature, params=params).values
        return guaranteed_optimum(rule, float(between.max()), float(between.min()))
    found = family(rule)
    if len(found.others) > 2:
        names = ", ".join((found.lr, *found.others))
        raise PolyakError(
            f"{found.name} has {1 + len(found.others)} numbers ({names}), expected three at most"
        )
    where = curvatures(curvature, params=params)
    values = where.ends if isinstance(curvature, Problem) else np.unique(where.values)
    if (values < 0).any():
        raise PolyakError(f"curvature {readable(values.min(), 6)} is negative: no rate is best on a saddle")
    with np.errstate(over="ignore"):
        if not np.isfinite(values[-1] / values[0]):
            raise PolyakError(
                f"curvatures from {readable(values[0], 6)} to {readable(values[-1], 6)} have a condition "
                "number beyond double precision"
            )
    best = best_settings(found, values)
    plain = None
    if (form := closed_form(found, values[0], values[-1])) is None or form.momentum is not None:
        plain = _optimum(family(GradientDescent), values, None)
    return _optimum(found, values, plain, best, form)


def rates_by_condition_number(rule: Any, condition_numbers: Sequence[float]) -> Any:
    """The best rate of a rule on curvatures from 1 to k, for each condition number k over 1.

    Args:
        rule: as for `optimal`.
        condition_numbers: n finite numbers over 1.

    Returns an xarray.Dataset with the dimension condition_number: `rate`, `steps_to_1_percent` and `peak` as a run has
    them, `gradient_descent` (its best rate) and `gradient_descent_steps`, each setting by name, and `closed_form` (nan
    where none is known). Raises PolyakError for other numbers.

    >>> import polyak as pk
    >>> rates_by_condition_number(pk.HeavyBall, [4.0, 9.0]).rate.values.round(6)
    array([0.333333, 0.5     ])
    """
    import xarray as xr

    ks = np.asarray(condition_numbers, dtype=np.float64)
    if ks.ndim != 1 or not len(ks) or not (np.isfinite(ks) & (ks > 1)).all():
        raise PolyakError(f"condition_numbers are {condition_numbers!r}, expected finite numbers over 1")
    found = [optimal(rule, [1.0, k]) for k in ks]
    plain = [b if b.gradient_descent is None else b.gradient_descent for b in found]
    data = {
        "rate": [b.rate for b in found],
        "steps_to_1_percent": [b.steps_to(0.01) for b in found],
        "peak": [b.peak for b in found],
        "gradient_descent": [b.rate for b in plain],
        "gradient_descent_steps": [b.steps_to(0.01) for b in plain],
        "closed_form": [math.nan if b.closed_form is None else b.closed_form.rate for b in found],
        **{f"best_{name}": [b.settings[name] for b in found] for name in found[0].settings},
    }
    return xr.Dataset(
        {name: ("condition_number", values) for name, values in data.items()},
        {"condition_number": ks},
        {"rule": found[0].family, "version": __version__},
    )


def _optimum(
    found: Family,
    values: NDArray[np.float64],
    plain: Optimum | None,
    best: dict[str, float] | None = None,
    form: ClosedForm | None = None,
) -> Optimum:
    settings = best_settings(found, values) if best is None else best
    form = closed_form(found, values[0], values[-1]) if form is None else form
    changes = map_of(found, settings).change_on(values)
    _, log_rates, _ = spectrum.spectrum(changes)
    return Optimum(found.name, found.member(settings), settings, values, changes, log_rates, form, plain)
