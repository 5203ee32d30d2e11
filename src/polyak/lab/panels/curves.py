"""The curves below the trace: value, distance and velocity against the step, linked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import BasicTicker, ColumnDataSource, LinearScale, LogScale, LogTicker, Range1d

from polyak.lab.panels.look import DASHES, OVER, lean, new_figure, set_ends, title

if TYPE_CHECKING:
    from polyak.lab.page import Page

CURVES = ("value", "distance", "velocity")


class CurvesPanel:
    """Three figures over the same steps, drawn from the trace's own sources."""

    def __init__(self, page: Page) -> None:
        self.page, look = page, page.look
        self.now = ColumnDataSource({"step": []}, name="now")
        self.steps = Range1d(0, 20)
        self.figures = {name: self._figure(name) for name in CURVES}
        for figure in self.figures.values():
            figure.vspan(
                "step", source=self.now, line_color=look.soft, line_dash="dotted", line_width=1.2, **OVER
            )
            lean(figure)

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        return list(self.figures.values())

    def _figure(self, name: str) -> Any:
        look, say = self.page.look, self.page.words.say
        made = new_figure(
            look,
            say("trace", "step"),
            "",
            190,
            name=name,
            x_range=self.steps,
            y_range=Range1d(1e-4, 10),
            y_axis_type="log",
        )
        title(made, look, say("trace", name))
        made.yaxis.ticker.desired_num_ticks = 4
        return made

    def add(self, k: int, source: ColumnDataSource) -> None:
        """Draw the curves of the k-th rule."""
        look = self.page.look
        for name, figure in self.figures.items():
            figure.line(
                "step", name, source=source, color=look.rules[k], line_dash=DASHES[k], line_width=1.8, **OVER
            )
            lean(figure)

    def draw(self, steps: int, shown: int) -> None:
        """Show so many steps, and which of them the trace has come to."""
        if list(self.now.data["step"]) != [shown]:
            self.now.data = {"step": [shown]}
        set_ends(self.steps, 0, steps)

    def fit(self, columns: Sequence[Any], *, settled: bool) -> None:
        """Ranges in whole decades, that grow while changes go on and shrink when they pause.

        Axes that stand still need no layout and no repaint, which are most of a picture's time.
        """
        for name, figure in self.figures.items():
            values = np.concatenate([found[name] for found in columns if found] or [np.empty(0)])
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

    def set_value_scale(self, *, logarithmic: bool) -> None:
        """Above a known least value the axis is logarithmic; where f may fall without end it is plain."""
        figure, say = self.figures["value"], self.page.words.say
        if isinstance(figure.y_scale, LogScale) != logarithmic:
            figure.y_scale = LogScale() if logarithmic else LinearScale()
            figure.yaxis[0].ticker = (LogTicker if logarithmic else BasicTicker)(desired_num_ticks=4)
            figure.title.text = say("trace", "value" if logarithmic else "plain_value")
