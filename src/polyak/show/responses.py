"""The impulse response: what is left of one gradient, step by step, with the 1/e mark and the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import heading, label, legend_below, new_figure, series, styled
from polyak.theory import RULE_OF_THUMB, Response

FAR = 8  # times as long: the steps are then on a logarithmic axis
MARKED = 120  # beyond this many steps a marker and a stem each hide the curve
MOST_GAINS = 4


@draws(Response)
@styled
def response_figure(responses: Response | Sequence[Response]) -> Figure:
    """How one unit gradient moves x at each later step, one rule or several; shaded: the memory of the first.

    Memories that differ much are drawn over the logarithm of the step, each with a mark where its memory ends.

    >>> import polyak as pk
    >>> rules = [pk.HeavyBall(lr=0.1, momentum=momentum) for momentum in (0.5, 0.9)]
    >>> figure = response_figure([pk.response(rule) for rule in rules])
    """
    responses = [responses] if isinstance(responses, Response) else list(responses)
    first = responses[0]
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    lengths = [len(response.weights) for response in responses]
    # A thousand steps beside ten: the short ones need a scale of their own.
    far = max(lengths) > FAR * min(lengths)
    for index, response in enumerate(responses):
        _draw(axes, response, index, far=far)
    if len({float(response.weights[0]) for response in responses if response.linear}) == 1 or not far:
        _mark_memory(axes, first, shaded=not far)
    axes.axhline(0, color="black", linewidth=0.6)
    if far:
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True)
    axes.set(
        xlabel="step, the gradient's own counted as 1 (marked: the memory)" if far else "step $k$",
        ylabel="taken off $x$ by a unit gradient",
    )
    heading(axes, f"impulse response (gain {_gains(responses)})")
    handles, labels = axes.get_legend_handles_labels()
    legend_below(figure, handles, [name + _held(each) for name, each in zip(labels, responses, strict=True)])
    return figure


def _draw(axes: Axes, response: Response, index: int, *, far: bool) -> None:
    """One response: its weights step by step, with stems where they are few; on the far scale a mark at its memory."""
    style = series(index)
    steps = response.at + np.arange(len(response.weights)) + far
    marked = dict(style, marker=style["marker"] if len(steps) <= MARKED and not far else "")
    axes.plot(steps, response.weights, **marked, markersize=3.5, label=label(response.rule))
    if marked["marker"]:
        axes.vlines(steps, 0, response.weights, color=style["color"], linewidth=0.8, alpha=0.5)
    if far and response.linear and response.memory > 1:
        k = min(round(response.memory), len(steps)) - 1
        axes.plot(steps[k], response.weights[k], style["marker"], color=style["color"], markersize=6)


def _gains(responses: Sequence[Response]) -> str:
    shown = ", ".join(readable(response.gain) for response in responses[:MOST_GAINS])
    return shown + (", ..." if len(responses) > MOST_GAINS else "")


def _mark_memory(axes: Axes, first: Response, *, shaded: bool) -> None:
    if not (first.linear and first.memory > 1):
        return
    mark = RULE_OF_THUMB * first.weights[0]
    axes.axhline(mark, color="black", linewidth=0.8, linestyle=":")
    axes.annotate("$1/e$ of the first", (0.99, mark), (0, 3), **_AT_RIGHT)
    if shaded:
        end = first.at + first.memory - 0.5
        axes.axvspan(first.at - 0.5, end, color=series(0)["color"], alpha=0.1, linewidth=0)


def _held(response: Response) -> str:
    """What is said of a response beside its rule's name."""
    if not response.linear:
        return f", not linear in the gradient: {response.operating_point}"
    if response.memory > 1:
        return (
            f": $1/(1-\\gamma)$ = {readable(response.memory, 4)} steps hold {response.held:.0%} of the weight"
        )
    return ""


_AT_RIGHT: Any = {
    "xycoords": ("axes fraction", "data"),
    "textcoords": "offset points",
    "ha": "right",
    "fontsize": 8,
}
