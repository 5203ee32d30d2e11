r"""Best settings known on paper, for curvatures from m to L with k = L/m: beside what is found numerically, not for it.

Which of them a rule is, is told by its response, so that a page's own momentum is known for a heavy ball.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np
from numpy.typing import NDArray

from polyak.ground.shown import Shown
from polyak.rules import AveragedGradient, GradientDescent, HeavyBall, Nesterov, Rule
from polyak.theory.rule_family import Family, matrices

SETTINGS = np.array([[0.3, 0.6], [0.7, 0.2], [1.1, 0.85]])  # (lr, momentum) at which responses are compared
STEPS = 6
EQUAL = 1e-9  # relative


@dataclass(frozen=True)
class ClosedForm(Shown):
    """A best setting from the literature.

    Attributes:
        lr: the learning rate.
        momentum: None where the rule has none.
        rate: the worst rate on curvatures from m to L.
        source: author, year, where.
    """

    lr: float
    momentum: float | None
    rate: float
    source: str


def best_gradient_descent(m: float, L: float) -> ClosedForm:
    r"""eta = 2/(L+m), rate (k-1)/(k+1).

    >>> best_gradient_descent(1.0, 3.0).rate
    0.5
    """
    k = L / m
    return ClosedForm(
        1 / (L / 2 + m / 2), None, (k - 1) / (k + 1), "Polyak (1987), Introduction to optimization, 1.4.2"
    )


def best_heavy_ball(m: float, L: float) -> ClosedForm:
    r"""eta = (2/(sqrt L + sqrt m))^2, gamma = ((sqrt k - 1)/(sqrt k + 1))^2, rate sqrt(gamma).

    >>> best_heavy_ball(1.0, 9.0)
    ClosedForm(lr=0.25, momentum=0.25, rate=0.5, source=Polyak (1964), theorem 9)
    """
    root = math.sqrt(L / m)
    rate = (root - 1) / (root + 1)
    return ClosedForm((2 / (math.sqrt(L) + math.sqrt(m))) ** 2, rate**2, rate, "Polyak (1964), theorem 9")


def best_nesterov(m: float, L: float) -> ClosedForm:
    r"""eta = 4/(3L+m), gamma = (sqrt(3k+1) - 2)/(sqrt(3k+1) + 2), rate 1 - 2/sqrt(3k+1).

    >>> best_nesterov(1.0, 5.0).rate
    0.5
    """
    root = math.sqrt(3 * L / m + 1)
    source = "Lessard, Recht & Packard (2016), Analysis and design of optimization algorithms, proposition 1"
    return ClosedForm(4 / (3 * L + m), (root - 2) / (root + 2), 1 - 2 / root, source)


def best_averaged_gradient(m: float, L: float) -> ClosedForm:
    r"""The heavy ball's with eta/(1-gamma), 1-gamma = 4 sqrt k/(sqrt k + 1)^2, which the average takes in.

    >>> best_averaged_gradient(1.0, 9.0).rate
    0.5
    """
    ball = best_heavy_ball(m, L)
    root = math.sqrt(L / m)
    return ClosedForm(ball.lr * (root + 1) ** 2 / (4 * root), ball.momentum, ball.rate, ball.source)


KNOWN: tuple[tuple[type[Rule], Callable[[float, float], ClosedForm]], ...] = (
    (GradientDescent, best_gradient_descent),
    (HeavyBall, best_heavy_ball),
    (Nesterov, best_nesterov),
    (AveragedGradient, best_averaged_gradient),
)


def closed_form(free: Family, m: float, L: float) -> ClosedForm | None:
    """The best setting on paper for a family on curvatures from m to L; None where none is known.

    >>> import polyak as pk
    >>> from polyak.theory.rule_family import family
    >>> closed_form(family(pk.HeavyBall), 1.0, 9.0).momentum
    0.25
    >>> closed_form(family(pk.QuasiHyperbolic), 1.0, 9.0)
    """
    count = 1 + len(free.others)
    if count > 2:
        return None
    own = _responses(free, SETTINGS[:, :count])
    for cls, best in KNOWN:
        if len(cls.hyperparameters()) == count:
            theirs = np.array([_response(cls(*setting[:count])) for setting in SETTINGS])
            if np.abs(own - theirs).max() <= EQUAL * np.abs(theirs).max():
                return best(float(m), float(L))
    return None


def _response(rule: Rule) -> list[float]:
    """The first weights of a rule's response, by running it on NumPy arrays."""
    x = np.zeros(1)
    state, weights = rule.init(x), []
    for g in np.eye(STEPS)[0]:
        step, state = rule.update(np.array([g]), state, x)
        weights.append(-float(step[0]))
    return weights


def _responses(free: Family, settings: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same of a family's members, from their matrices: shape (settings, STEPS)."""
    named = dict(zip((free.lr, *free.others), settings.T, strict=True))
    with jax.enable_x64(True):
        A, B = map(np.asarray, matrices(free.rule, free.state, named))
    z, rows = B, [-B[:, 0]]
    for _ in range(STEPS - 1):
        moved = np.einsum("kij,kj->ki", A, z)
        rows.append(z[:, 0] - moved[:, 0])
        z = moved
    return np.stack(rows, axis=1)
