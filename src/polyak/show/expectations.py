"""The expected loss over measured runs, its two parts, and the trade between rate and noise floor."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from polyak.ground.numbers import readable
from polyak.run import History
from polyak.show.drawn import draws
from polyak.show.style import COLORS, LARGEST, heading, label, legend_below, new_figure, set_log_scale, styled
from polyak.theory import Expectation, Trade

PREDICTED, MEASURED, DETERMINISTIC, NOISE, HELD_OUT = COLORS[1], COLORS[0], COLORS[2], COLORS[3], COLORS[4]


@draws(Expectation)
@styled
def expectation_figure(expected: Expectation, measured: History | None = None) -> Figure:
    """Predicted mean and band (one standard deviation of a run) over measured runs, and the two parts beside.

    Args:
        expected: what `expected_loss` returns.
        measured: runs with the same rule and problem, drawn with replacement, recorded every batch.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> rule = pk.HeavyBall(lr=0.004, momentum=0.9)
    >>> figure = expectation_figure(pk.expected_loss(rule, problem, batch_size=10, steps=100))
    """
    figure = new_figure(9.2, 3.9)
    losses, parts = figure.subplots(1, 2, width_ratios=(1.2, 1))
    draw_expectation(losses, expected, measured)
    draw_parts(parts, expected)
    handles, names = losses.get_legend_handles_labels()
    more, other = parts.get_legend_handles_labels()
    legend_below(figure, handles + more, names + other)
    return figure


def draw_expectation(axes: Axes, expected: Expectation, measured: History | None) -> None:
    """The loss against the step: predicted, and as it was."""
    steps = np.arange(expected.steps + 1)
    known = (expected.mean < LARGEST) & ~(expected.spread >= LARGEST)
    mean, spread = (np.where(known, values, np.nan) for values in (expected.mean, expected.spread))
    if measured is not None:
        shown = measured.steps_taken <= expected.steps
        runs = measured.losses[:, shown].astype(np.float64)
        runs = np.where(runs < LARGEST, runs, LARGEST)
        at = measured.steps_taken[shown]
        low, high = np.quantile(runs, [0.16, 0.84], axis=0)
        axes.fill_between(
            at, low, high, color=MEASURED, alpha=0.25, linewidth=0, label="two thirds of the runs"
        )
        axes.plot(at, runs.mean(axis=0), color=MEASURED, label=f"mean of {len(runs)} runs")
    axes.plot(steps, mean, color=PREDICTED, linestyle="--", label="predicted mean")
    for edge in (mean - spread, mean + spread):
        axes.plot(steps, np.maximum(edge, expected.least), color=PREDICTED, linestyle=":", linewidth=0.8)
    if expected.held_out is not None:
        if measured is not None and measured.held_out_losses is not None:
            out = measured.held_out_losses[:, shown].astype(np.float64)
            axes.plot(
                at,
                np.where(out < LARGEST, out, LARGEST).mean(axis=0),
                color=HELD_OUT,
                label="mean, rows held out",
            )
        beyond = np.where(expected.held_out < LARGEST, expected.held_out, np.nan)
        axes.plot(steps, beyond, color=HELD_OUT, linestyle="--", label="predicted, rows held out")
    if np.isfinite(expected.floor):
        axes.axhline(expected.floor, color="black", linewidth=0.8, linestyle="-.", label="noise floor")
    top = min(float(mean[known].max()), 20 * float(expected.mean[0]))
    set_log_scale(axes, 0.97 * expected.least, 1.1 * top)
    axes.grid(visible=True, which="both")
    axes.set(xlabel="step $k$", ylabel="loss over all rows")
    heading(axes, f"{expected.problem.data.name}: {label(expected.rule)}, batch {expected.batch_size}")


def draw_parts(axes: Axes, expected: Expectation) -> None:
    """What full batches would leave, and what the noise of the batches adds, above the least loss."""
    steps = np.arange(expected.steps + 1)
    parts = [
        ("deterministic part", expected.deterministic, DETERMINISTIC, "-"),
        ("noise part", expected.noise, NOISE, "--"),
    ]
    for name, part, colour, dash in parts:
        axes.plot(
            steps,
            np.where((part > 0) & (part < LARGEST), part, np.nan),
            color=colour,
            linestyle=dash,
            label=name,
        )
    axes.set_yscale("log")
    if expected.settled_at is not None:
        axes.axvline(expected.settled_at, color="black", linewidth=0.8, linestyle=":")
        axes.annotate(
            f"from step {expected.settled_at} on\nthe noise holds it up",
            (expected.settled_at, 0.97),
            (4, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            fontsize=8,
        )
    axes.grid(visible=True)
    axes.set(xlabel="step $k$", ylabel="expected loss above the least")
    heading(axes, "where it comes from")


@draws(Trade)
@styled
def tradeoff_figure(trade: Trade) -> Figure:
    """The noise floor against the steps that it takes to get there, one point a learning rate.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> figure = tradeoff_figure(pk.tradeoff(pk.HeavyBall(lr=0.02, momentum=0.5), problem))
    """
    figure = new_figure(5.6, 3.7)
    axes = figure.subplots()
    known = np.isfinite(trade.floors) & np.isfinite(trade.steps_to_floor)
    steps, above = trade.steps_to_floor[known], trade.floors[known] - trade.least
    axes.plot(steps, above, color=COLORS[0], marker="o", markersize=3)
    middle = np.sqrt(steps.min() * steps.max()) if known.any() else 0.0
    for k in np.linspace(0, known.sum() - 1, min(6, int(known.sum()))).round().astype(int):
        left = bool(steps[k] > middle)  # a fall is free above on its right, and below on its left
        axes.annotate(
            rf"$\eta$ = {readable(trade.lrs[known][k], 2)}",
            (steps[k], above[k]),
            (-5, -4) if left else (5, 4),
            textcoords="offset points",
            ha="right" if left else "left",
            va="top" if left else "bottom",
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(visible=True, which="both")
    axes.set(xlabel="steps until the noise holds it up", ylabel="noise floor above the least loss")
    heading(
        axes, f"{trade.problem.data.name}: {trade.rule.name().replace('_', ' ')}, batch {trade.batch_size}"
    )
    return figure
