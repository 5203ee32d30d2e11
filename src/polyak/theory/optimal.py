r"""The best setting: the least worst rate over given curvatures, found numerically.

min over settings of  max over lambda of  rate(A + lambda B e_x^T)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.rules import GradientDescent
from polyak.theory.closed_forms import ClosedForm, closed_form
from polyak.theory.curvatures import On, curvatures
from polyak.theory.datasets import dataset
from polyak.theory.guaranteed_optimum import guaranteed_optimum
from polyak.theory.optimum import Optimum
from polyak.theory.optimum_search import best_settings
from polyak.theory.rule_family import Family, family
from polyak.theory.spectrum import spectrum

if TYPE_CHECKING:
    import xarray as xr

OVER = ("quadratics", "convex")


def optimal(rule: object, curvature: On, *, params: Pytree = None, over: str = "quadratics") -> Optimum:
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
        between = curvatures(curvature, params=params).values
        return guaranteed_optimum(rule, float(between.max()), float(between.min()))
    free = family(rule)
    if len(free.others) > 2:
        names = ", ".join((free.lr, *free.others))
        raise PolyakError(f"{free.name} has {1 + len(free.others)} numbers ({names}), expected three at most")
    where = curvatures(curvature, params=params)
    values = where.ends if isinstance(curvature, Problem) else np.unique(where.values)
    _require_positive(values)
    best, form = best_settings(free, values), closed_form(free, values[0], values[-1])
    plain = None
    if form is None or form.momentum is not None:
        descent = family(GradientDescent)
        plain_form = closed_form(descent, values[0], values[-1])
        plain = _optimum(descent, values, best_settings(descent, values), plain_form, None)
    return _optimum(free, values, best, form, plain)


def _optimum(
    free: Family,
    values: NDArray[np.float64],
    settings: dict[str, float],
    form: ClosedForm | None,
    plain: Optimum | None,
) -> Optimum:
    changes = free.step(settings).change_on(values)
    log_rates = spectrum(changes)[1]
    return Optimum(free.name, free.member(settings), settings, values, changes, log_rates, form, plain)


def _require_positive(values: NDArray[np.float64]) -> None:
    """Raise a PolyakError unless a rate can be best on all these curvatures, which rise."""
    if values[0] < 0:
        raise PolyakError(f"curvature {readable(values[0], 6)} is negative: no rate is best on a saddle")
    with np.errstate(over="ignore"):
        condition_number = values[-1] / values[0]
    if not np.isfinite(condition_number):
        raise PolyakError(
            f"curvatures from {readable(values[0], 6)} to {readable(values[-1], 6)} have a condition "
            "number beyond double precision"
        )


def rates_by_condition_number(rule: object, condition_numbers: Sequence[float]) -> xr.Dataset:
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
    ks = np.asarray(condition_numbers, dtype=np.float64)
    if ks.ndim != 1 or not len(ks) or not (np.isfinite(ks) & (ks > 1)).all():
        raise PolyakError(f"condition_numbers are {condition_numbers!r}, expected finite numbers over 1")
    best = [optimal(rule, [1.0, k]) for k in ks]
    columns = [_column(one) for one in best]
    data = {name: ("condition_number", [column[name] for column in columns]) for name in columns[0]}
    return dataset(best[0].family, data, {"condition_number": ks})


def _column(best: Optimum) -> dict[str, float]:
    """What is said of one condition number."""
    plain = best.gradient_descent or best
    return {
        "rate": best.rate,
        "steps_to_1_percent": best.steps_to(0.01),
        "peak": best.peak,
        "gradient_descent": plain.rate,
        "gradient_descent_steps": plain.steps_to(0.01),
        "closed_form": math.nan if best.closed_form is None else best.closed_form.rate,
        **{f"best_{name}": value for name, value in best.settings.items()},
    }
