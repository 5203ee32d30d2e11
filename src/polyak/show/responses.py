"""The impulse response: what is left of one gradient, step by step, with the 1/e mark and the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import heading, label, legend_below, new_figure, series, styled
from polyak.theory import RULE_OF_THUMB, Response


@draws(Response)
@styled
def response_figure(responses: Response | Sequence[Response]) -> Figure:
    """How one unit gradient moves x at each later step, one rule or several; shaded: the memory of the first.

    >>> import polyak as pk
    >>> rules = [pk.HeavyBall(lr=0.1, momentum=momentum) for momentum in (0.5, 0.9)]
    >>> figure = response_figure([pk.response(rule) for rule in rules])
    """
    responses = [responses] if isinstance(responses, Response) else list(responses)
    first = responses[0]
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    for index, response in enumerate(responses):
        style = series(index)
        steps = response.at + np.arange(len(response.weights))
        axes.plot(steps, response.weights, **style, markersize=3.5, label=label(response.rule))
        axes.vlines(steps, 0, response.weights, color=style["color"], linewidth=0.8, alpha=0.5)
    if first.linear and first.memory > 1:
        mark = RULE_OF_THUMB * first.weights[0]
        axes.axhline(mark, color="black", linewidth=0.8, linestyle=":")
        axes.annotate("$1/e$ of the first", (0.99, mark), (0, 3), **_AT_RIGHT)
        axes.axvspan(
            first.at - 0.5, first.at + first.memory - 0.5, color=series(0)["color"], alpha=0.1, linewidth=0
        )
        held = f"$1/(1-\\gamma)$ = {readable(first.memory, 3)} steps hold {first.held:.0%} of the weight"
        axes.annotate(held, (0.98, 0.95), xycoords="axes fraction", ha="right", va="top", fontsize=8)
    elif not first.linear:
        axes.annotate(
            f"not linear in the gradient:\n{first.operating_point}",
            (0.98, 0.95),
            xycoords="axes fraction",
            ha="right",
            va="top",
            fontsize=8,
        )
    axes.axhline(0, color="black", linewidth=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True)
    axes.set(xlabel="step $k$", ylabel="taken off $x$ by a unit gradient")
    heading(axes, f"impulse response (gain {readable(first.gain)})")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure


_AT_RIGHT: Any = {
    "xycoords": ("axes fraction", "data"),
    "textcoords": "offset points",
    "ha": "right",
    "fontsize": 8,
}
