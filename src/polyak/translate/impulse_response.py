r"""The linear family, solved for its coefficients: two rows with one impulse response are one optimizer.

    a unit gradient takes p c + q off x in the step that sees it, then p c m, p c m^2, p c m^3 ...

A response is told by its first two weights and by m. Members of the family with a response asked for are found by
solving for their numbers; no pair of frameworks is ever compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from polyak.ground.numbers import readable
from polyak.rules import Coefficients, LinearRule
from polyak.rules.hyperparameters import Interval

EQUAL = 1e-12  # relative: what rounding leaves of an equality
HALF, WHOLE = 0.5, 1.0  # learning rates that are compared to see what scales with them


class ImpulseResponse(NamedTuple):
    """What one unit gradient takes off x: at once, in the step after, and each further step `fade` times as much.

    `first` is how many times as much the first of all gradients takes off, for ever: 1, but for a first
    gradient that is not dampened.
    """

    now: float
    then: float
    fade: float
    first: float = 1.0

    def equals(self, other: ImpulseResponse) -> bool:
        """Whether two responses are the same but for rounding."""
        size = max(abs(self.now), abs(self.then), abs(other.now), abs(other.then))
        if abs(self.now - other.now) > EQUAL * size or abs(self.then - other.then) > EQUAL * size:
            return False
        return self.then == 0 or abs(self.fade - other.fade) <= EQUAL

    def weights(self, steps: int) -> list[float]:
        """The first `steps` weights of the response to a gradient that is not the first.

        >>> ImpulseResponse(1.0, 0.5, 0.5).weights(4)
        [1.0, 0.5, 0.25, 0.125]
        """
        return [self.now, *(self.then * self.fade**k for k in range(steps - 1))][:steps]

    @property
    def gain(self) -> float:
        """All that a unit gradient takes off x in the end."""
        return self.now + self.then / (1 - self.fade)

    @property
    def coasting(self) -> float:
        """m/(1-m): what is still to come when gradients stop, in units of the velocity's own last part of the step."""
        return self.fade / (1 - self.fade)


def impulse_response(rule: LinearRule) -> ImpulseResponse:
    """A member's response, from its coefficients.

    >>> from polyak.rules import HeavyBall, Nesterov
    >>> impulse_response(HeavyBall(lr=0.5, momentum=0.5))
    ImpulseResponse(now=0.5, then=0.25, fade=0.5, first=1.0)
    >>> impulse_response(Nesterov(lr=0.5, momentum=0.5))
    ImpulseResponse(now=0.75, then=0.125, fade=0.5, first=1.0)
    """
    row, start = rule.coefficients(), rule.first_coefficients()
    now, later = row.p * row.c + row.q, row.p * row.c * row.m
    first = 1.0
    if start != row:  # a first row differs in c alone, and q is 0
        first = math.inf if row.c == 0 else start.c / row.c
    return ImpulseResponse(float(now), float(later), float(row.m) if later else 0.0, float(first))


def holds_lr(rule: LinearRule) -> bool | None:
    """Whether the velocity holds the learning rate; None where no velocity is kept.

    >>> from polyak.rules import GradientDescent, HeavyBall
    >>> holds_lr(HeavyBall(lr=0.5, momentum=0.5)), holds_lr(GradientDescent(lr=0.5))
    (True, None)
    """
    half, whole = (_row(rule, lr) for lr in (HALF, WHOLE))
    if whole.p * whole.c * whole.m == 0:
        return None
    return bool(half.c != whole.c)


def largest_stable_curvature(rule: LinearRule) -> float:
    r"""The edge of stability, (2+2m) / (p c + (1+m) q): an eigenvalue of -1; inf where nothing moves.

    Source: Polyak (1964), for the heavy ball; here the trace and determinant of one step's matrix on a curvature.

    >>> from polyak.rules import Nesterov
    >>> round(largest_stable_curvature(Nesterov(lr=1.0, momentum=0.9)), 6)
    1.357143
    """
    m, c, p, q = rule.coefficients()
    pull = p * c + (1 + m) * q
    return math.inf if pull == 0 else float((2 + 2 * m) / pull)


def solved(kind: type[LinearRule], fixed: Mapping[str, Any], response: ImpulseResponse) -> LinearRule | None:
    """The member of a class that has this response, the first gradient apart; None where there is none.

    Args:
        kind: a class of the family. Its first number besides lr sets the fading, the second, if it has one, how
            much of a gradient is taken at once; lr scales both.
        fixed: its named choices.
        response: what it must have.

    >>> from polyak.rules import AveragedGradient, HeavyBall, QuasiHyperbolic
    >>> print(solved(AveragedGradient, {}, impulse_response(HeavyBall(lr=0.25, momentum=0.5))))
    averaged_gradient(lr=0.5, momentum=0.5)
    >>> solved(HeavyBall, {}, impulse_response(QuasiHyperbolic(lr=0.25, momentum=0.5)))
    """
    names = [name for name in kind.hyperparameters() if name != "lr"]

    def member(numbers: Mapping[str, float], lr: float = 1.0) -> LinearRule:
        others = dict.fromkeys(names[len(numbers) :], 0.0)
        return kind.from_settings(**{**fixed, **others, **numbers, "lr": lr})

    def fades(rule: LinearRule) -> float:
        return float(rule.coefficients().m) - response.fade

    def takes(rule: LinearRule) -> float:
        return _taken_at_once(impulse_response(rule)) - _taken_at_once(response)

    numbers: dict[str, float] = {}
    for name, off in zip(names, (fades, takes), strict=False):
        known = dict(numbers)
        value = _root(
            lambda value, off=off, known=known, name=name: off(member({**known, name: value})),  # type: ignore[misc]
            kind.hyperparameters()[name].interval,
            response.fade,
        )
        if value is None:
            return None
        numbers[name] = value
    unit = impulse_response(member(numbers))
    if unit.gain == 0:
        return None
    rule = member(numbers, rounded(response.gain / unit.gain))
    return rule if impulse_response(rule).equals(response) else None


def rounded(value: float) -> float:
    """A number to fifteen digits, as it is printed.

    >>> rounded(0.1 * 3)
    0.3
    """
    return float(readable(value, 15))


def _taken_at_once(response: ImpulseResponse) -> float:
    """The share of its whole effect that a gradient has in the step that sees it."""
    return response.now / response.gain if response.gain else 1.0


def _root(off: Callable[[float], float], ends: Interval, likely: float) -> float | None:
    """Where a function of one number of an interval is 0: at an end, at a likely place, or by Brent's method."""
    low, high = ends.ends
    high = high if high in ends else math.nextafter(high, low)
    for value in (low, likely, high):
        if value in ends and abs(off(value)) <= EQUAL:
            return value
    if off(low) * off(high) > 0:
        return None
    from scipy.optimize import brentq  # half a second, which most answers do without

    return float(brentq(off, low, high, xtol=1e-300, rtol=1e-15))


def _row(rule: LinearRule, lr: float) -> Coefficients:
    return rule.replace(lr=lr).coefficients()
