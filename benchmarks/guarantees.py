"""Guarantees: one, and a curve of forty learning rates, the program compiled before."""

from __future__ import annotations

import itertools

from report import Row, Section, Target
from rich.progress import Progress
from timing import per_call, side_by_side

import polyak as pk
from polyak.theory import guarantee_curve

M, L = 1.0, 25.0


def measure(progress: Progress, rounds: int = 10) -> Section:
    """A guarantee of a setting that was not asked for before."""
    lrs = itertools.count(1)

    def fresh() -> float:
        return 0.04 + 1e-6 * next(lrs)

    rules = {
        "Nesterov, not as on quadratics": lambda: pk.Nesterov(lr=fresh(), momentum=2 / 3),
        "heavy ball, a wider proof tried": lambda: pk.HeavyBall(lr=fresh() + 0.03, momentum=0.5),
        "gradient descent, as on quadratics": lambda: pk.GradientDescent(lr=fresh()),
        "heavy ball, none: a cycle found and run": lambda: pk.HeavyBall(lr=fresh() + 0.071, momentum=4 / 9),
    }
    samples = {name: per_call(lambda rule=rule: _guarantee(rule())) for name, rule in rules.items()}
    timings = side_by_side("guarantee", samples, rounds, progress)
    first = next(iter(rules))
    proved = max(timings[name].median for name in list(rules)[:3])
    return Section(
        "Theory: a guarantee on curvatures 1 to 25, a call",
        "ms",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=first,
        targets=(Target("a proof under 0.5 s after the first", f"{proved:.2f} s", proved < 0.5),),
    )


def measure_curve(progress: Progress, rounds: int = 3) -> Section:
    """The rates of forty learning rates, as the figure draws them."""
    name = "heavy ball at momentum 0.5, `guarantee_curve`"
    samples = {name: per_call(lambda: guarantee_curve(pk.HeavyBall(lr=0.05, momentum=0.5), L, M))}
    timings = side_by_side("curve", samples, rounds, progress)
    took = timings[name].median
    return Section(
        "Theory: a guarantee's curve of 40 learning rates, a call",
        "s",
        (Row(name, timings[name]),),
        reference=name,
        targets=(Target("under 10 s", f"{took:.1f} s", took < 10),),
    )


def _guarantee(rule: pk.Rule) -> pk.Guarantee:
    return pk.guarantee(rule, smoothness=L, strong_convexity=M)
