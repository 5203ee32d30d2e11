r"""What holds for merely convex functions: no rate per step, but a bound on f after n steps.

    f(x_n) - f*  <=  c L |x_0 - x*|^2        for every convex function with curvature from 0 to L, of any dimension

The least c that the interpolation conditions of interpolation.py prove, by multipliers that are nowhere negative:

    c |x_0|^2 - f_n + sum_ij lambda_ij (f_j - f_i + xi^T q_ij xi)   is a positive definite form, no f left over

found by a semidefinite program, and believed only when our own eigenvalues agree. For gradient descent at 1/L it is
known: c = 1 / (4 n + 2).

Source: Drori, Y. & Teboulle, M. (2014). Performance of first-order methods for smooth convex minimization, theorem 3.1;
Taylor, A. B., Hendrickx, J. M. & Glineur, F. (2017), for the conditions.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.rules import Optimizer, as_rule
from polyak.theory.certificate import EPS
from polyak.theory.certified_rate import checked_number
from polyak.theory.interpolation import Array, Conditions, conditions, pairs, values
from polyak.theory.semidefinite import SOLVED, TOLERANCES, UnsolvedError, solver
from polyak.theory.step_map import StepMap, step_map

MOST_STEPS = 30  # the program has n^2 multipliers
MARGIN = 1e-8  # of the form's eigenvalues, so that what the solver leaves open proves nothing less
INFEASIBLE = ("infeasible", "infeasible_inaccurate")


@dataclass(frozen=True, eq=False)
class ConvexBound(Shown):
    """A bound on f after n steps, on every convex function whose curvature is at most L.

    Attributes:
        rule: the rule with its settings.
        smoothness: L.
        steps: n.
        factor: c of f(x_n) - f* <= c L |x_0 - x*|^2, proved; math.inf where none was.
    """

    rule: Optimizer
    smoothness: float
    steps: int
    factor: float

    @property
    def certified(self) -> bool:
        """Whether a bound is proved."""
        return math.isfinite(self.factor)

    def bound(self, distance: float) -> float:
        """The most that f(x_n) is above its least, from a start at this distance of a minimiser."""
        return self.factor * self.smoothness * distance**2

    def __str__(self) -> str:
        on = f"{self.rule} on all convex functions with curvature up to {readable(self.smoothness)}"
        if not self.certified:
            return f"{on}: no bound on f after {self.steps} steps is certified"
        return (
            f"{on}: after {self.steps} steps f is at most {readable(self.factor * self.smoothness, 5)} |x0 - x*|^2 "
            f"above its least, certified (a rate per step is none)"
        )


def convex_bound(rule: object, *, smoothness: float, steps: int = 10, **settings: Any) -> ConvexBound:
    """The worst that f can be after n steps, on all convex functions with curvature from 0 to L, certified.

    Args:
        rule: a rule that is linear in the gradient: ours, Optax's, a page's function; its slots begin empty.
        smoothness: L, the largest curvature.
        steps: n, from 1 to 30.
        settings: of a rule that is given by its name or its class.

    Returns a ConvexBound. Raises PolyakError for a rule that is not linear, decays the parameters or changes from step
    to step, for a solver that fails, and where cvxpy and clarabel are missing.

    >>> import polyak as pk
    >>> held = convex_bound(pk.GradientDescent(lr=0.5), smoothness=2.0, steps=4)
    >>> round(held.factor, 5), round(1 / 18, 5)
    (0.05556, 0.05556)
    """
    rule = as_rule(rule, **settings)
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    L = checked_number("smoothness", smoothness)
    if not L > 0:
        raise PolyakError(f"smoothness is {readable(L)}, expected a number over 0")
    step = step_map(rule)
    if step.feeds_back:
        raise PolyakError(f"{rule} decays the parameters: it pulls them to 0 and not to a minimiser of f")
    return ConvexBound(rule, L, steps, _least_factor(step, L, steps))


def _least_factor(step: StepMap, L: float, steps: int) -> float:
    c, cp = conditions(step, 0.0, L, steps), solver()
    seen = [0, *range(len(step.B), c.size)]  # the slots are empty: of z_0 only x_0 is there
    q = c.q[:, seen][:, :, seen]
    size, count = len(seen), len(pairs(steps + 1))
    factor, multipliers = cp.Variable(), cp.Variable(count, nonneg=True)
    start, last = np.zeros((size, size)), np.zeros(steps + 1)
    start[0, 0], last[-1] = 1.0, 1.0
    form = factor * start + cp.reshape(q.reshape(count, -1).T @ multipliers, (size, size), order="C")
    left_over = values(steps + 1) @ multipliers == last
    problem = cp.Problem(cp.Minimize(factor), [form - MARGIN * np.eye(size) >> 0, left_over])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an inaccurate solution: we look for ourselves
            problem.solve(solver=cp.CLARABEL, **TOLERANCES)
    except cp.error.SolverError as error:
        raise UnsolvedError(f"the solver failed, and nothing is certified: {error}") from None
    if problem.status in INFEASIBLE:
        return math.inf
    if problem.status not in SOLVED:
        raise UnsolvedError(f"the solver failed ({problem.status}), and nothing is certified")
    return _proved(q, float(factor.value), np.maximum(multipliers.value, 0.0), c)


def _proved(q: Array, factor: float, multipliers: Array, c: Conditions) -> float:
    """The factor, once plain arithmetic has seen the form to be positive definite and no f left over."""
    points = c.window + 1
    wanted = np.eye(points)[-1]
    for _ in range(2):  # a value that is left over goes on that point's condition with the minimiser
        over = values(points) @ multipliers - wanted
        for i, rest in enumerate(over):
            pair = (i, points) if rest > 0 else (points, i)
            multipliers[pairs(points).index(pair)] += abs(rest)
    left = float(np.abs(values(points) @ multipliers - wanted).max())
    terms = multipliers[:, None, None] * q
    form = terms.sum(axis=0)
    form[0, 0] += factor
    rounding = 4 * len(form) * EPS * (float(np.linalg.norm(terms, axis=(1, 2)).sum()) + abs(factor))
    if not (left <= 64 * EPS * max(1.0, float(multipliers.max())) and np.linalg.eigvalsh(form)[0] > rounding):
        raise UnsolvedError("the solver's proof does not hold in our arithmetic, and nothing is certified")
    return factor
