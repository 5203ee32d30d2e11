r"""A function that shows why no rate can be certified: one on which the rule cycles for ever, found and then run.

In one dimension a cycle of period n is a linear program. The points repeat, z_{k+1} = A z_k + B g_k and z_n = z_0, and
lie on a function with curvature between m and L if, in their order on the line, each two neighbours do:

    m (x_j - x_i) <= g_j - g_i <= L (x_j - x_i)

The order is that of a wave, cos(2 pi f k/n + phase), with the minimiser anywhere between. What the solver finds is then
made a function, of the same curvature around every point of the cycle, so that what comes near stays; and a start from
rest is looked for that ends in the cycle. Only what `descend` shows is handed on.

Source: Lessard, Recht & Packard (2016), section 4.6, for the heavy ball's; Goujaud, B., Taylor, A. & Dieuleveut, A.
(2023). Provable non-accelerations of the heavy-ball method, for cycles as the only obstacle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from polyak.landscapes import Landscape, piecewise_quadratic, quadratic
from polyak.rules import Optimizer
from polyak.run import Trace, descend
from polyak.theory.spectrum import spectrum
from polyak.theory.step_map import StepMap

Array = NDArray[np.float64]
LONGEST = 10  # periods that are looked for
SLACK = 1e-7  # by which the slopes of a cycle must be inside m and L, beside L
STARTS = np.concatenate([-np.geomspace(8, 0.05, 100), np.geomspace(0.05, 8, 100)])  # beside the cycle's width
STEPS, REPEATS = 600, 1e-9  # of a search; how exactly a cycle comes back, beside its size
FAR = 1e6  # times its start: a run that is there grows


@dataclass(frozen=True, eq=False)
class Counterexample:
    """A function with curvature between m and L that the rule does not descend.

    Attributes:
        landscape: the function, with the start.
        trace: the run of it.
        cycle: the positions that come back for ever, in their turn; empty where the run grows instead.
    """

    landscape: Landscape
    trace: Trace
    cycle: tuple[float, ...]


def counterexample(rule: Optimizer, step: StepMap, m: float, L: float) -> Counterexample | None:
    """A function on which the rule cycles for ever, or None where none was found: that proves nothing.

    Args:
        rule: what is run.
        step: its map.
        m, L: the curvatures between which the function's are.
    """
    for period in range(2, LONGEST + 1):
        for order in _orders(period):
            points = _cycle(step, m, L, period, order)
            if points is None:
                continue
            for breaks, curvatures in _functions(step, m, L, *points):
                start = _start(step, breaks, curvatures, float(np.ptp(points[0])))
                if start is not None:
                    name = f"cycle of {period}"
                    landscape = piecewise_quadratic(
                        breaks.tolist(), curvatures.tolist(), start=start, name=name
                    )
                    refutation = shown(rule, landscape, period)
                    if refutation is not None:
                        return refutation
    return None


def growing(rule: Optimizer, curvature: float) -> Counterexample | None:
    """The quadratic on which a rule with a rate of 1 or more does not come down."""
    return shown(rule, quadratic([curvature], start=[1.0]), 2)


def shown(rule: Optimizer, landscape: Landscape, period: int) -> Counterexample | None:
    """What a run on the landscape shows: a cycle, or growth; None where it shows neither."""
    trace = descend(rule, landscape, 4 * STEPS)
    x = trace.positions[:, 0]
    if trace.diverged_at is not None or abs(x[-1]) > FAR * abs(x[0]):
        return Counterexample(landscape, trace, ())
    last, before = x[-period:], x[-2 * period : -period]
    size = np.abs(last).max()
    if size > 1e-3 * abs(x[0]) and np.abs(last - before).max() <= REPEATS * size and np.ptp(last) > 0:
        return Counterexample(landscape, trace, tuple(float(value) for value in last))
    return None


def _orders(period: int) -> Iterator[list[int]]:
    """Orders on the line of the points 0 .. period-1 of a wave, and of the minimiser, whose number is `period`."""
    for turns in range(1, period // 2 + 1):
        if math.gcd(turns, period) > 1:
            continue
        for phase in (0.5, 1.5) if period > 2 else (0.5,):
            angles = 2 * np.pi * turns * np.arange(period) / period + phase * np.pi / period
            wave = [int(k) for k in np.argsort(np.cos(angles))]
            for place in range(1, period):
                yield [*wave[:place], period, *wave[place:]]


def _cycle(step: StepMap, m: float, L: float, period: int, order: list[int]) -> tuple[Array, Array] | None:
    """x and g of a cycle's points and of the minimiser, in their order on the line; None where there is none."""
    from scipy.optimize import linprog

    s, n = len(step.B), period
    count = n * s + n + 1  # z_0 .. z_{n-1}, u_0 .. u_{n-1} with g = L u, and the slack
    same = np.zeros((n * s + 1, count))
    for k in range(n):
        rows, to = slice(k * s, (k + 1) * s), (k + 1) % n
        same[rows, k * s : (k + 1) * s] -= step.A
        same[rows, n * s + k] -= L * step.B
        same[rows, to * s : (to + 1) * s] += np.eye(s)
    x, u = np.zeros((n + 1, count)), np.zeros((n + 1, count))
    x[np.arange(n), s * np.arange(n)] = 1.0
    u[np.arange(n), n * s + np.arange(n)] = 1.0
    same[-1] = x[order[-1]] - x[order[0]]  # as wide as 1
    rows_below = []
    for i, j in pairwise(order):
        rise, run = u[j] - u[i], x[j] - x[i]
        rows_below += [(m / L) * run - rise, rise - run]
    below = np.array(rows_below)
    below[:, -1] = 1.0
    solved = linprog(
        -np.eye(count)[-1],
        A_ub=below,
        b_ub=np.zeros(len(below)),
        A_eq=same,
        b_eq=np.append(np.zeros(n * s), 1.0),
        bounds=[(None, None)] * (count - 1) + [(None, 1.0)],
    )
    if solved.status != 0 or solved.x[-1] < SLACK:
        return None
    return (x @ solved.x)[order], L * (u @ solved.x)[order]


def _functions(step: StepMap, m: float, L: float, x: Array, g: Array) -> Iterator[tuple[Array, Array]]:
    """Breakpoints and curvatures of functions through a cycle's points, each of one curvature around all of them."""
    inside = np.geomspace(m, L, 9)
    log_rates = spectrum(step.change_on(inside))[1]
    for k in np.argsort(log_rates, kind="stable")[:4]:
        if log_rates[k] < 0:
            for beyond in (inside[k], m, L):
                yield _through(x, g, m, L, float(inside[k]), float(beyond))


def _through(x: Array, g: Array, m: float, L: float, around: float, beyond: float) -> tuple[Array, Array]:
    """The function of curvature `around` as far about each point, the minimiser left out, as m and L allow."""
    of_cycle = np.abs(g) + np.abs(x) > 0
    breaks, curvatures, reaches = [], [], []
    for i in range(len(x) - 1):
        run, rise = x[i + 1] - x[i], g[i + 1] - g[i]
        room = [run]
        if around > m:
            room.append((rise - m * run) / (around - m))
        if around < L:
            room.append((L * run - rise) / (L - around))
        reach = 0.999 * min(room)
        sides = reach * of_cycle[i : i + 2] / of_cycle[i : i + 2].sum()
        breaks += [x[i] + sides[0], x[i + 1] - sides[1]]
        curvatures += [around, (rise - around * reach) / (run - reach)]
        reaches.append(reach)
    curvatures.append(around)
    if beyond != around:
        breaks = [x[0] - reaches[0], *breaks, x[-1] + reaches[-1]]
        curvatures = [beyond, *curvatures, beyond]
    return _merged(np.array(breaks), np.clip(curvatures, m, L))


def _merged(breaks: Array, curvatures: Array) -> tuple[Array, Array]:
    """The same without the pieces of no width, such as that about the minimiser."""
    wide = np.append(True, np.diff(breaks) > 0)
    return breaks[wide], curvatures[np.append(wide, True)]


def _start(step: StepMap, breaks: Array, curvatures: Array, width: float) -> float | None:
    """A start at rest from which the run does not come down, out of many that are run side by side."""
    changes, past_0 = np.diff(curvatures), np.maximum(-breaks, 0.0)
    z = np.zeros((len(STARTS), len(step.B)))
    z[:, 0] = STARTS * width
    with np.errstate(all="ignore"):  # a run that grows is one that was looked for
        for _ in range(STEPS):
            x = z[:, :1]
            g = curvatures[0] * x[:, 0] + (np.maximum(x - breaks, 0.0) - past_0) @ changes
            z = z @ step.A.T + g[:, None] * step.B
    left = np.abs(z).max(axis=1)
    stays = np.flatnonzero(~(left < 1e-3 * width))
    return float(STARTS[stays[np.abs(STARTS[stays]).argmin()]] * width) if len(stays) else None
