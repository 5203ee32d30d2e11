"""The best rate against the condition number: what momentum buys where a valley is long."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from polyak.show.style import heading, legend_below, new_figure, series, styled


@styled
def condition_figure(rates: Any) -> Figure:
    """The steps that a run takes to a hundredth of the error at the best setting, against the condition number L/m.

    Args:
        rates: what `rates_by_condition_number` returns.
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
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(visible=True, which="both")
    axes.set(xlabel=r"condition number $\kappa = L/m$", ylabel="steps to 1 % of the error")
    heading(axes, "at the best setting of each, on quadratics")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure
