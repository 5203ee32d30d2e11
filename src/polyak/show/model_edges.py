"""A model's spectrum against the learning rate: how many directions lie beyond their edge at each, and both edges."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import heading, legend_below, new_figure, series, styled, words
from polyak.theory import ModelStability
from polyak.theory.motion import edge

REACH = 8.0  # times the largest of the lines: how far the picture goes


@draws(ModelStability)
@styled
def model_edges_figure(stability: ModelStability) -> Figure:
    """The directions whose own edge a learning rate is beyond, as a staircase; today's rate and both edges as lines.

    >>> import numpy as np, polyak as pk
    >>> rows = np.random.default_rng(0).normal(1.0, 1.0, (64, 2)).astype("float32")
    >>> forward, loss = lambda w, batch: batch @ w, lambda outputs, batch: ((outputs - 3) ** 2).mean()
    >>> model = pk.model(loss, np.zeros(2, "float32"), np.split(rows, 8), forward=forward)
    >>> figure = model_edges_figure(pk.stability(pk.HeavyBall(lr=0.05, momentum=0.5), model, batch_size=4))
    """
    figure = new_figure(7.6, 3.9)
    axes = figure.subplots()
    unit = stability.lr if not math.isnan(stability.lr) else 1.0
    places = _edges_of_directions(stability)
    known: list[float] = [
        1.0,
        *(p for p in (stability.full_batch, stability.mean_square) if math.isfinite(p) and p > 0),
    ]
    low, high = min(known) / 2, REACH * max(known)
    draw_staircase(axes, places, low, high, unit)
    _line(axes, 1.0, unit, "today's", "black", "-")
    if math.isfinite(stability.full_batch):
        _line(axes, stability.full_batch, unit, "edge, all rows", series(0)["color"])
    if math.isfinite(stability.mean_square):
        _line(
            axes, stability.mean_square, unit, f"edge, batches of {stability.batch_size}", series(1)["color"]
        )
    axes.set_xscale("log")
    axes.set_xlim(low * unit, high * unit)
    axes.set_ylim(0, 1.15 * max(1, int((places <= high).sum())))
    axes.grid(visible=True)
    one = not math.isnan(stability.lr)
    axes.set(
        xlabel="learning rate" if one else "times today's learning rates",
        ylabel="directions beyond their own edge",
    )
    heading(axes, words(f"{stability.optimizer} on {stability.model}, {stability.rows:,} rows"))
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure


def draw_staircase(axes: Axes, places: np.ndarray, low: float, high: float, unit: float) -> None:
    """How many of the directions' own edges lie at or below each learning rate."""
    shown = places[places <= high]
    x = np.concatenate([[low], shown, [high]]) * unit
    count = np.concatenate([[0], np.arange(1, len(shown) + 1), [len(shown)]])
    axes.step(x, count, where="post", **{**series(2), "marker": ""}, label="directions beyond their own edge")


def _edges_of_directions(stability: ModelStability) -> np.ndarray:
    """The full batch's edge of each direction that was looked at, in today's learning rates, rising."""
    if not stability.a > 0:
        return np.empty(0)
    values = [stability.a] if stability.subspace is None else stability.subspace.curvatures.tolist()
    return np.sort([edge(stability.motion.steps[-1], value) for value in values])


def _line(axes: Axes, factor: float, unit: float, name: str, color: str, linestyle: str = "--") -> None:
    label = f"{name}: {readable(factor * unit, 3)}"
    axes.axvline(factor * unit, linewidth=1.4, label=label, color=color, linestyle=linestyle)
