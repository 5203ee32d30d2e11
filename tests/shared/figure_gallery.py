"""The gallery of figures that are looked at: each kind, at settings that are awkward to draw, by a name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

import polyak as pk
from polyak.show import (
    comparison_figure,
    condition_figure,
    convergence_figure,
    history_figure,
    lr_figure,
    optimum_figure,
    phase_figure,
    plane_figure,
    response_figure,
    stability_figure,
    trace_figure,
)

FIVE = (
    pk.GradientDescent(lr=0.4),
    pk.HeavyBall(lr=0.4, momentum=0.5),
    pk.Nesterov(lr=0.4, momentum=0.5),
    pk.Adam(lr=0.4),
    pk.RMSProp(lr=0.4),
)
DRAWN: dict[str, Callable[[], Figure]] = {}


def drawn(make: Callable[[], Figure]) -> Callable[[], Figure]:
    """A figure of the gallery, by its function's name."""
    DRAWN[make.__name__] = make
    return make


def traces(rules, on, steps=20, **options):
    return [pk.descend(rule, on, steps, **options) for rule in rules]


@drawn
def five_on_the_ravine():
    return trace_figure(traces(FIVE, "ravine"))


@drawn
def five_on_beale():
    return trace_figure(traces(FIVE, "beale"))


@drawn
def five_on_rastrigin():
    return trace_figure(traces(FIVE, "rastrigin"))


@drawn
def five_diverge_on_the_ravine():
    return trace_figure(traces([pk.GradientDescent(lr=lr) for lr in (0.55, 0.6, 0.8, 1.5, 30.0)], "ravine"))


@drawn
def nine_on_the_ravine():
    rules = [pk.HeavyBall(lr=0.1 + 0.05 * k, momentum=0.5) for k in range(9)]
    return trace_figure(traces(rules, "ravine"))


@drawn
def one_step():
    return trace_figure(traces(FIVE[:2], "ravine", 1))


@drawn
def far_away():
    return trace_figure(traces([pk.GradientDescent(lr=300.0), *FIVE[:2]], "ravine", 110))


@drawn
def to_the_floor():
    return trace_figure(traces([pk.HeavyBall(lr=0.5, momentum=0.3)], "ravine", 600))


@drawn
def three_dimensions():
    return trace_figure(traces(FIVE[:3], "quadratic:0.1,1,3", 40))


@drawn
def six_dimensions():
    return trace_figure(traces(FIVE[:2], "quadratic:0.01,0.1,0.3,1,2,3", 100))


@drawn
def one_dimension():
    return trace_figure(traces(FIVE[:2], "quadratic:1", 20))


@drawn
def no_least_value():
    return trace_figure(traces(FIVE[:2], "saddle", 40))


@drawn
def converges():
    return convergence_figure(traces(FIVE, "quadratic:0.1,1,3", 50))


@drawn
def three_memories():
    return response_figure([pk.response(pk.HeavyBall(lr=0.1, momentum=1 - 1 / n)) for n in (10, 100, 1000)])


@drawn
def memory_of_two():
    return response_figure(pk.response(pk.HeavyBall(lr=0.1, momentum=0.5)))


@drawn
def no_memory():
    return response_figure(pk.response(pk.GradientDescent(lr=0.1)))


@drawn
def response_of_adam():
    return response_figure(pk.response(pk.Adam(lr=0.1)))


@drawn
def response_of_nesterov():
    return response_figure([pk.response(pk.Nesterov(lr=0.1, momentum=m)) for m in (0.5, 0.9, 0.99)])


@drawn
def best_of_two():
    return optimum_figure(pk.optimal(pk.HeavyBall, [1, 9]))


@drawn
def best_of_a_million():
    return optimum_figure(pk.optimal(pk.HeavyBall, [1e-6, 1]))


@drawn
def by_condition():
    return condition_figure(pk.theory.rates_by_condition_number(pk.HeavyBall, [2, 10, 50, 100]))


@drawn
def stable_on_two():
    return stability_figure(pk.stability(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine"))


@drawn
def stable_on_twenty():
    return stability_figure(pk.stability(pk.HeavyBall(lr=0.6, momentum=0.9), np.geomspace(0.001, 4, 20)))


@drawn
def diverges():
    return stability_figure(pk.stability(pk.HeavyBall(lr=3.0, momentum=0.5), "ravine"))


@drawn
def phases_of_heavy_ball():
    diagram = pk.theory.phase_diagram(pk.HeavyBall)
    return phase_figure(diagram, pk.stability(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine"))


@drawn
def compared():
    problem = pk.linear_regression(pk.data.diabetes())
    rules = [
        pk.HeavyBall,
        pk.GradientDescent,
        pk.Adam,
        pk.Nesterov,
        pk.RMSProp,
        pk.Adagrad,
        pk.Lion,
        pk.NAdam,
    ]
    found = pk.compare(rules, on=problem, budget=4, seeds=3, tuning_seeds=1, epochs=1)
    return comparison_figure(found)


@drawn
def two_compared():
    problem = pk.linear_regression(pk.data.diabetes())
    rules = [pk.HeavyBall, pk.GradientDescent]
    found = pk.compare(rules, on=problem, budget=4, seeds=3, tuning_seeds=1, epochs=1)
    return comparison_figure(found)


@drawn
def trained():
    problem = pk.linear_regression(pk.data.diabetes())
    return history_figure([pk.train(rule, on=problem, epochs=2) for rule in FIVE])


@drawn
def trained_past_the_edge():
    problem = pk.linear_regression(pk.data.diabetes())
    rules = [pk.HeavyBall(lr=lr, momentum=0.9) for lr in (0.001, 0.01, 0.5, 5.0)]
    return history_figure([pk.train(rule, on=problem, epochs=2) for rule in rules])


@drawn
def ladder_of_lrs():
    problem = pk.linear_regression(pk.data.diabetes())
    return lr_figure(
        [
            [
                pk.train(pk.HeavyBall(lr=lr, momentum=m), on=problem, epochs=1)
                for lr in (1e-3, 1e-2, 1e-1, 1.0)
            ]
            for m in (0.0, 0.9)
        ]
    )


@drawn
def swept():
    swept = pk.sweep(
        pk.HeavyBall(lr=0.1, momentum=0.5),
        on="ravine",
        lr=np.geomspace(0.01, 2, 30),
        momentum=np.linspace(0, 0.95, 20),
        steps=50,
    )
    return plane_figure(swept)


@drawn
def five_swept():
    rules = [pk.HeavyBall, pk.Nesterov, pk.Adam, pk.AveragedGradient, pk.RMSProp]
    on = pk.linear_regression(pk.data.diabetes())
    return plane_figure(pk.compare(rules, on=on, budget=8, seeds=2, tuning_seeds=1, epochs=1).sweeps)


@drawn
def marked_condition():
    rates = pk.theory.rates_by_condition_number(pk.HeavyBall, [2, 10, 20, 50, 100])
    return condition_figure(rates, condition_number=20)
