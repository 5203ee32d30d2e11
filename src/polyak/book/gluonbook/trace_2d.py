"""Descending a function of the plane, step by step in plain Python, and the picture of the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from polyak.book.gluonbook.figures import OTHER_COLOR, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"

STEPS = 20
START: tuple[float, float] = (-5, -2)
WINDOW = ((-5.5, 1.0), (-3.0, 1.0))
REACH = 6.0  # the window grows to hold the way, this far beyond itself on each side
GRID = 90
LEVELS = np.linspace(0.02, 1, 10) ** 2.2  # denser below, where the valley is

Points: TypeAlias = Sequence[tuple[float, float]]


def train_2d(trainer: Callable[..., tuple[float, float, Any, Any]]) -> Points:
    """Twenty steps from (-5, -2) of a page's function; the last position is printed.

    Args:
        trainer: trainer(x1, x2, s1, s2) -> (x1, x2, s1, s2), its own gradient within; s1 and s2 begin at 0.

    Returns the positions, the start first.

    >>> points = train_2d(lambda x1, x2, s1, s2: (x1 / 2, x2 / 2, 0, 0))
    epoch 20, x1 -0.000005, x2 -0.000002
    >>> len(points)
    21
    """
    (x1, x2), s1, s2 = START, 0, 0
    points = [(x1, x2)]
    for _ in range(STEPS):
        x1, x2, s1, s2 = trainer(x1, x2, s1, s2)
        points.append((x1, x2))
    print("epoch %d, x1 %f, x2 %f" % (STEPS, x1, x2))  # noqa: T201, UP031
    return points


def show_trace_2d(f: Callable[[Numbers, Numbers], Numbers | float], res: Points) -> None:
    """The way that `train_2d` returned, over the contours of the function f(x1, x2)."""
    points = np.array([[float(x1), float(x2)] for x1, x2 in res])
    ends = [_grown(low, high, points[:, axis]) for axis, (low, high) in enumerate(WINDOW)]
    shown = _until_outside(points, ends)
    with canvas((4.2, 2.8)) as axes:
        grid = np.meshgrid(*(np.linspace(low, high, GRID) for low, high in ends))
        values = np.broadcast_to(np.asarray(f(*grid), dtype=float), grid[0].shape)
        lowest, highest = np.nanmin(values), np.nanmax(values)
        if highest > lowest:
            levels = lowest + (highest - lowest) * LEVELS
            axes.contourf(*grid, values, levels=[lowest, *levels], cmap="Blues", alpha=0.3)
            axes.contour(*grid, values, levels=levels, colors="#8FA3B5", linewidths=0.6)
        axes.plot(*shown.T, "-o", color=OTHER_COLOR, markersize=3, linewidth=1.1)
        axes.plot(*points[0], "ko", markersize=5)
        if len(shown) < len(points):
            _note_exit(axes, points, len(shown))
        axes.set(xlim=ends[0], ylim=ends[1], xlabel="x1", ylabel="x2")


def _grown(low: float, high: float, visited: Numbers) -> tuple[float, float]:
    """A window that holds what was visited, as far as that is sensible."""
    near = visited[(visited > low - REACH) & (visited < high + REACH)]
    margin = 0.06 * (high - low)
    bottom, top = near.min(initial=low), near.max(initial=high)
    return bottom - margin if bottom < low else low, top + margin if top > high else high


def _until_outside(points: Numbers, ends: Sequence[tuple[float, float]]) -> Numbers:
    """The positions before the first that is outside the window or no number."""
    low, high = np.transpose(ends)
    inside = ((points >= low) & (points <= high)).all(axis=1)
    return points if inside.all() else points[: np.argmin(inside)]


def _note_exit(axes: Axes, points: Numbers, step: int) -> None:
    """Say where the way leaves the picture, and draw it to the edge."""
    if step == 0:
        return
    if np.isfinite(points[step]).all():
        axes.plot(*points[step - 1 : step + 1].T, ":", color=OTHER_COLOR, linewidth=1.1)
    note = f"leaves the picture at step {step}"
    axes.annotate(
        note, (0.98, 0.94), xycoords="axes fraction", ha="right", va="top", fontsize=8, color=OTHER_COLOR
    )
