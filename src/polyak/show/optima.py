"""The best setting: its rate on each curvature, and against the condition number what momentum buys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import COLORS, heading, label, legend_below, new_figure, series, styled
from polyak.theory import Optimum
from polyak.theory.spectrum import spectrum
from polyak.theory.step_map import step_map
from polyak.theory.words import rate_in_words

if TYPE_CHECKING:
    import xarray as xr

FINE = 400  # points of a curve


@draws(Optimum)
@styled
def optimum_figure(best: Optimum) -> Figure:
    """How an error shrinks each step on every curvature, at the best setting and at gradient descent's best.

    >>> import polyak as pk
    >>> figure = optimum_figure(pk.optimal(pk.HeavyBall, [1, 9]))
    """
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    for index, (name, found) in enumerate((("", best), ("gradient descent, ", best.gradient_descent))):
        if found is not None:
            between = _between(found.curvatures)
            text = f"{name or best.family.replace('_', ' ') + ', '}at worst {rate_in_words(max(found.log_rates))}"
            rates = np.exp(spectrum(step_map(found.rule).change_on(between))[1])
            at = np.searchsorted(between, np.unique(found.curvatures))
            axes.plot(between, rates, **series(index), markevery=at.tolist(), label=text)
    axes.axhline(best.rate, color=COLORS[0], linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.03)
    axes.grid(visible=True)
    axes.set(xlabel=r"curvature $\lambda$", ylabel="an error is multiplied by, each step")
    heading(axes, f"the best on quadratics: {label(best.rule)}")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure


def _between(curvatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curvatures themselves and enough between them: a rate is not straight there."""
    low, high = float(curvatures.min()), float(curvatures.max())
    return np.unique([*curvatures, *np.geomspace(low, high, FINE).clip(low, high)])


@styled
def condition_figure(rates: xr.Dataset, *, condition_number: float | None = None) -> Figure:
    """The steps that a run takes to a hundredth of the error at the best setting, against the condition number L/m.

    Args:
        rates: what `rates_by_condition_number` returns.
        condition_number: one of these to mark, such as that of the curvatures asked about.

    >>> import polyak as pk
    >>> figure = condition_figure(pk.theory.rates_by_condition_number(pk.HeavyBall, [2, 10, 50, 100]))
    """
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    family = str(rates.attrs["rule"]).replace("_", " ")
    curves = {
        family: rates.steps_to_1_percent.values,
        "gradient descent": rates.gradient_descent_steps.values,
    }
    for index, (name, steps) in enumerate(curves.items()):
        axes.plot(rates.condition_number.values, steps, **series(index), label=name)
    if condition_number is not None:
        k = int(np.argmin(np.abs(np.log(rates.condition_number.values / condition_number))))
        kappa = float(rates.condition_number[k])
        named = rf"$\kappa$ = {readable(kappa, 4)}: " + ", ".join(
            f"{readable(float(steps[k]), 3)} steps" for steps in curves.values()
        )
        axes.axvline(kappa, color="black", linewidth=0.9, linestyle=":")
        at = [float(steps[k]) for steps in curves.values()]
        axes.plot([kappa] * len(at), at, "*", color="black", markersize=9, label=named)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(visible=True, which="both")
    axes.set(xlabel=r"condition number $\kappa = L/m$", ylabel="steps to 1 % of the error")
    heading(axes, "at the best setting of each, on quadratics")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure
