"""A rule for another batch size: the expected loss by samples, old and new; without a problem, what is remembered."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polyak.show.drawn import draws
from polyak.show.style import LARGEST, heading, label, legend_below, new_figure, series, set_log_scale, styled
from polyak.theory import Rescaling, response

SAMPLES = 6  # memories of the old rule that are drawn
MOST_STEPS = 400


@draws(Rescaling)
@styled
def rescaling_figure(rescaling: Rescaling) -> Figure:
    """The expected loss against samples seen, of the rule as it was and as each way makes it, with the noise floors.

    Where no problem was given: what is left of one gradient's push after so many samples.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> figure = rescaling_figure(pk.rescale(pk.HeavyBall(lr=0.05, momentum=0.5), 4, 8, on=problem))
    """
    figure = new_figure(6.2, 4.0)
    axes = figure.subplots()
    if rescaling.before is None:
        draw_memories(axes, rescaling)
    else:
        draw_paths(axes, rescaling)
    heading(axes, f"{label(rescaling.rule)}: batch {rescaling.batch_size} to {rescaling.to}")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure


def draw_paths(axes: Axes, rescaling: Rescaling) -> None:
    """The expected losses, and the floor of each at the right border."""
    before = rescaling.before
    assert before is not None
    named = [("as it was", before)]
    named += [(way.name, each.expected) for way, each in zip(rescaling.ways, rescaling.computed, strict=True)]
    top = min(float(before.mean[np.isfinite(before.mean)].max()), 20 * float(before.mean[0]))
    for index, (name, expected) in enumerate(named):
        style = {**series(index), "marker": ""}
        known = np.where(expected.mean < LARGEST, expected.mean, np.nan)
        axes.plot(np.arange(expected.steps + 1) * expected.batch_size, known, **style, label=name)
        if expected.floor < top:
            axes.axhline(expected.floor, xmin=0.97, color=style["color"], linewidth=3.0)
    axes.set_xscale("symlog", linthresh=max(rescaling.batch_size, rescaling.to))
    axes.set_xlim(left=0)
    set_log_scale(axes, 0.97 * before.least, 1.1 * top)
    axes.grid(visible=True, which="both")
    axes.set(xlabel="samples seen (bars at the border: noise floors)", ylabel="expected loss over all rows")


def draw_memories(axes: Axes, rescaling: Rescaling) -> None:
    """How much of all that one gradient moves has been moved after so many samples."""
    named = [("as it was", rescaling.rule, rescaling.batch_size)]
    named += [(way.name, way.rule, rescaling.to) for way in rescaling.ways]
    reach = SAMPLES * max(response(rescaling.rule).memory * rescaling.batch_size, rescaling.to)
    for index, (name, rule, batch_size) in enumerate(named):
        steps = int(min(max(reach / batch_size, 1), MOST_STEPS))
        found = response(rule, steps)
        moved = np.append(0.0, np.cumsum(found.weights) / found.gain)
        style = {**series(index), "marker": ""}
        axes.step(np.arange(steps + 1) * batch_size, moved, where="post", label=name, **style)
    axes.set_xscale("symlog", linthresh=min(rescaling.batch_size, rescaling.to))
    axes.grid(visible=True)
    axes.set(xlabel="samples since a gradient came in", ylabel="part that it has moved, of all that it moves")
