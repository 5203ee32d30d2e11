r"""The least rate that can be certified for a step over all functions with curvature between m and L, by bisection.

It lies between two ends that are known: quadratics are such functions, so that no rate below theirs holds, and a rate
of 1 promises nothing.
"""

from __future__ import annotations

import math

import numpy as np

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.theory.certificate import Certificate
from polyak.theory.interpolation import Conditions, conditions
from polyak.theory.semidefinite import UnsolvedError, certificate
from polyak.theory.spectrum import spectrum
from polyak.theory.step_map import StepMap

WINDOWS = (1, 2, 4)  # points that a Lyapunov function sees; more are tried where fewer prove nothing
TO = 1e-5  # of 1 - rate: how closely the least rate is closed in on
WORTH = 1e-3  # of 1 - rate: what a wider window must gain to be taken
STABLE = 1 - 1e-12  # a rate that is nearer to 1 no certificate tells from 1
LARGEST_CONDITION = 1e6  # beyond it 1 - rate is no larger than the solver's rounding
GRID = 257  # curvatures between m and L at which a quadratic's rate is looked at


def checked_ends(smoothness: float, strong_convexity: float) -> tuple[float, float]:
    """M and L as finite numbers over 0, m at most L; else a one-line error."""
    L, m = checked_number("smoothness", smoothness), checked_number("strong_convexity", strong_convexity)
    if m == 0:
        raise PolyakError(
            "strong_convexity is 0, expected a number over 0: over merely convex functions no rate per step holds "
            "(what does: convex_bound(rule, smoothness=..., steps=...), at the terminal --steps 10, bounds f)"
        )
    for name, value in (("smoothness", L), ("strong_convexity", m)):
        if value <= 0:
            raise PolyakError(f"{name} is {readable(value)}, expected a number over 0")
    if m > L:
        raise PolyakError(
            f"strong_convexity is {readable(m)}, expected the smoothness, {readable(L)}, at most"
        )
    if L / m > LARGEST_CONDITION:
        raise PolyakError(
            f"smoothness / strong_convexity is {readable(L / m)}, expected {readable(LARGEST_CONDITION)} at most: "
            "beyond it a rate cannot be told from 1"
        )
    return m, L


def checked_number(name: str, value: float) -> float:
    """A finite number, or a one-line error by its name."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool | str) or not math.isfinite(number):
        raise PolyakError(f"{name} is {value!r}, expected a finite number over 0")
    return number


def quadratic_rate(step: StepMap, m: float, L: float) -> tuple[float, float]:
    """The worst rate on quadratics with curvatures from m to L, and the curvature that has it."""
    places = np.unique(np.concatenate([np.linspace(m, L, GRID), np.geomspace(m, L, GRID), [m, L]]))
    places = places[(places >= m) & (places <= L)]
    rates = np.exp(spectrum(step.change_on(places))[1])
    worst = int(rates.argmax())
    return float(rates[worst]), float(places[worst])


def best_certificate(step: StepMap, m: float, L: float, *, to: float = TO) -> Certificate | None:
    """The certificate of the least rate on functions with curvature from m to L > m; None where none below 1 is found.

    Raises UnsolvedError where the solver failed at the one question that decides.
    """
    low, _ = quadratic_rate(step, m, L)
    if low >= STABLE:
        return None
    slack = to * (1 - low)
    for window in WINDOWS:
        known = conditions(step, m, L, window)
        best = certificate(known, 1 - slack)
        if best.holds:
            break
    else:
        return None
    best = _closed_in(known, low, slack, best)
    if best.rate > low + 2 * slack and window < WINDOWS[-1]:
        wider = conditions(step, m, L, WINDOWS[-1])
        better = _tried(wider, best.rate - max(slack, WORTH * (1 - best.rate)))
        if better is not None and better.holds:
            best = _closed_in(wider, low, slack, better)
    return best


def _closed_in(known: Conditions, low: float, slack: float, best: Certificate) -> Certificate:
    """The least rate that holds, between one that cannot and one that does, by the zero of the margin (Illinois).

    On many rules the rate on quadratics is the first that holds: it is asked first.
    """
    ends, margins = [low, best.rate], [-math.inf, best.margin]
    guess, side = low + slack, 0
    while ends[1] - ends[0] > slack and guess < ends[1]:
        tried = _tried(known, guess)
        holds = tried is not None and tried.holds
        if holds and tried is not None:
            best, ends[1], margins[1] = tried, guess, tried.margin
        else:
            ends[0], margins[0] = guess, -math.inf if tried is None else min(tried.margin, 0.0)
        now = 1 if holds else -1
        if now == side:  # the other end stays for the second time: its margin counts half
            margins[0 if holds else 1] /= 2
        side = now
        share = -margins[0] / (margins[1] - margins[0]) if math.isfinite(margins[0]) else 0.5
        inside = 0.45 * slack
        guess = min(max(ends[0] + share * (ends[1] - ends[0]), ends[0] + inside), ends[1] - inside)
    return best


def _tried(known: Conditions, rate: float) -> Certificate | None:
    """The best certificate of a rate, or None where the solver failed: a larger rate is as right."""
    try:
        return certificate(known, rate)
    except UnsolvedError:
        return None
