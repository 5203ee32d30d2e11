"""The curves below the trace: value, distance and velocity against the step, linked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from bokeh.models import BasicTicker, ColumnDataSource, FixedTicker, LinearScale, LogScale, Range1d

from polyak.lab.computing.descents import Columns
from polyak.lab.figures import send, set_ends
from polyak.show.browser import DASHES, OVER, Figure, Look, lean, new_figure, title

CURVES = ("value", "distance", "velocity")


class Curves:
    """Three figures over the same steps, drawn from the trace's own sources."""

    def __init__(self, look: Look, say: Callable[[str], str]) -> None:
        self.look, self.say = look, say
        self.now = ColumnDataSource({"step": []}, name="now")
        self.steps = Range1d(0, 20)
        self.figures = {name: self._figure(name) for name in CURVES}

    def _figure(self, name: str) -> Figure:
        look, spans = self.look, {"x_range": self.steps, "y_range": Range1d(1e-4, 10)}
        made = new_figure(look, self.say("step"), "", 190, name=name, y_axis_type="log", **spans)
        title(made, look, self.say(name))
        made.yaxis[0].ticker = FixedTicker()
        made.vspan("step", source=self.now, line_color=look.soft, line_dash="dotted", line_width=1.2, **OVER)
        lean(made)
        return made

    def add(self, k: int, source: ColumnDataSource) -> None:
        """Draw the curves of the k-th rule."""
        pen = {"color": self.look.rules[k], "line_dash": DASHES[k], "line_width": 1.8}
        for name, figure in self.figures.items():
            figure.line("step", name, source=source, **pen, **OVER)
        lean(*self.figures.values())

    def draw(self, steps: int, shown: int) -> None:
        send(self.now, {"step": [shown]})
        set_ends(self.steps, 0, steps)

    def fit(self, columns: Sequence[Columns], *, settled: bool) -> None:
        """Ranges in whole decades, that grow while changes go on and shrink when they pause.

        Axes that stand still need no layout and no repaint, which are most of a picture's time.
        """
        for name, figure in self.figures.items():
            values = np.concatenate([each[name] for each in columns if each] or [np.empty(0)])
            values = values[np.isfinite(values)]
            if not len(values):
                continue
            low, high = float(values.min()), float(values.max())
            if isinstance(figure.y_scale, LogScale):
                ends = 10.0 ** np.floor(np.log10(low)), 10.0 ** np.ceil(np.log10(high) + 1e-9)
            else:
                unit = 10.0 ** np.floor(np.log10(max(high - low, 1e-9)))
                ends = unit * np.floor(low / unit), unit * np.ceil(high / unit)
            if not settled:
                ends = min(ends[0], figure.y_range.start), max(ends[1], figure.y_range.end)
            set_ends(figure.y_range, float(ends[0]), float(ends[1]))
            ticker = figure.yaxis[0].ticker
            if isinstance(ticker, FixedTicker) and ticker.ticks != (ticks := decades(*map(float, ends))):
                ticker.ticks = ticks

    def set_value_scale(self, *, logarithmic: bool) -> None:
        """Above a known least value the axis is logarithmic; where f may fall without end it is plain."""
        figure = self.figures["value"]
        if isinstance(figure.y_scale, LogScale) != logarithmic:
            figure.y_scale = LogScale() if logarithmic else LinearScale()
            figure.yaxis[0].ticker = FixedTicker() if logarithmic else BasicTicker(desired_num_ticks=4)
            figure.title.text = self.say("value" if logarithmic else "plain_value")


def decades(low: float, high: float) -> list[float]:
    """Where a logarithmic axis between two powers of ten is labelled: at most five labels, and never one alone.

    Bokeh's own labels every decade up to ten of them, which run into one another on so low a figure.

    >>> decades(1e-5, 1e2), decades(1.0, 10.0)
    ([0.0001, 0.01, 1.0, 100.0], [1.0, 2.0, 5.0, 10.0])
    """
    first, last = round(np.log10(low)), round(np.log10(high))
    if last - first == 1:
        return [float(f"{digit}e{first}") for digit in (1, 2, 5, 10)]
    every = -(-(last - first) // 4)
    return [float(f"1e{power}") for power in range(last, first - 1, -every)][::-1]
