"""The trace: contours, a start to drag, and every step of up to four rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.events import Pan, PanEnd, PanStart, Tap
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting.contour import contour_data

from polyak.ground.numbers import readable
from polyak.lab.computing import descents
from polyak.lab.panels.curves import CURVES, CurvesPanel
from polyak.lab.panels.look import DASHES, MARKERS, OVER, lean, new_figure, ramp, set_ends
from polyak.lab.state import MOST_RULES, State
from polyak.landscapes import Landscape
from polyak.run import Trace

if TYPE_CHECKING:
    from polyak.lab.page import Page

NEAR = 0.07  # of the window: how near to the start a drag of it begins
MARKED = 200  # beyond this many steps a marker each hides the line
EMPTY: dict[str, Any] = {name: np.empty(0) for name in ("step", "x1", "x2", "size", *CURVES)}
SMALL, LARGE = 4.5, 12.0  # of a step's mark, and of the last one's


class TracePanel:
    """The plane with the traces, and the curves below it."""

    def __init__(self, page: Page) -> None:
        self.page, look = page, page.look
        self.sources: list[ColumnDataSource] = []
        self.start = ColumnDataSource({"x1": [], "x2": []}, name="start")
        self.minimisers = ColumnDataSource({"x1": [], "x2": []})
        self.plane = new_figure(look, "x₁", "x₂", 500, name="trace", x_range=Range1d(), y_range=Range1d())
        self.curves = CurvesPanel(page)
        self.contours: Any = None
        self.landscape: Landscape | None = None
        self.ends: descents.Ends | None = None
        self.state: State | None = None
        self.traces: list[Trace] = []
        self.shown: list[Any] = [None] * MOST_RULES
        self.columns: list[Any] = [{}] * MOST_RULES
        self.dragging = False
        self._draw_glyphs()
        self.plane.on_event(PanStart, self._grab)
        self.plane.on_event(Pan, self._drag)
        self.plane.on_event(PanEnd, self._drop)
        self.plane.on_event(Tap, self._place)

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        return [self.plane, *self.curves.roots]

    def _draw_glyphs(self) -> None:
        look, plane = self.page.look, self.plane
        star: dict[str, Any] = {
            "marker": "star",
            "size": 17,
            "fill_color": look.ink,
            "line_color": look.paper,
        }
        plane.scatter("x1", "x2", source=self.minimisers, **star, **OVER)
        ring: dict[str, Any] = {"size": 15, "fill_color": look.paper, "line_color": look.ink, "line_width": 3}
        plane.scatter("x1", "x2", source=self.start, **ring, **OVER)
        lean(plane)

    def _draw_rule(self, k: int) -> ColumnDataSource:
        """What shows the k-th rule, made when there first is one."""
        look, source = self.page.look, ColumnDataSource(EMPTY, name=f"trace{k}")
        shared: dict[str, Any] = {"color": look.rules[k], "source": source, **OVER}
        self.plane.line("x1", "x2", line_width=2, line_dash=DASHES[k], **shared)
        self.plane.scatter("x1", "x2", size="size", marker=MARKERS[k], **shared)
        self.curves.add(k, source)
        lean(self.plane)
        return source

    def draw(self, state: State, traces: list[Trace]) -> None:
        """Show these traces, one of each rule; what has not changed is not sent again."""
        self.state, self.traces = state, traces
        self._draw_place(state, settled=False)
        while len(self.sources) < len(traces):
            self.sources.append(self._draw_rule(len(self.sources)))
        for k, source in enumerate(self.sources):
            trace = traces[k] if k < len(traces) else None
            if (trace, state.shown, self.ends) != self.shown[k]:
                self.shown[k] = trace, state.shown, self.ends
                self.columns[k] = {} if trace is None else self._columns(trace, state)
                source.data = self.columns[k] or EMPTY
        self.curves.fit(self.columns, settled=False)
        self.curves.draw(state.steps, state.shown)

    def settle(self) -> None:
        """Windows and ranges as small as what is drawn allows, once the changes have paused."""
        if self.state is None:
            return
        self._draw_place(self.state, settled=True)
        self.draw(self.state, self.traces)
        self.curves.fit(self.columns, settled=True)

    def _columns(self, trace: Trace, state: State) -> descents.Columns:
        assert self.landscape is not None
        assert self.ends is not None
        columns = descents.columns(trace, self.ends, descents.floor_of(self.landscape))
        columns["x1"][state.shown + 1 :] = columns["x2"][state.shown + 1 :] = np.nan
        columns["size"] = np.full(len(columns["step"]), SMALL if state.steps <= MARKED else 0.0)
        columns["size"][state.shown] = LARGE
        return columns

    def _draw_place(self, state: State, *, settled: bool) -> None:
        """The window, the contours in it, minimisers and the start, where they have changed."""
        landscape = self.page.offer.landscapes[state.landscape]
        another = landscape is not self.landscape
        ends = descents.window(landscape, state.start, [trace.positions for trace in self.traces])
        if not (settled or another or self.ends is None):
            ends = descents.around(ends, self.ends)
        if another:
            self.landscape = landscape
            points = np.array(landscape.minimisers).reshape(-1, 2).T.tolist()
            self.minimisers.data = dict(zip(("x1", "x2"), points, strict=True))
            self.curves.set_value_scale(logarithmic=bool(landscape.minimisers))
            self.curves.fit(self.columns, settled=True)
        if another or ends != self.ends:
            self.ends = ends
            set_ends(self.plane.x_range, *ends[0])
            set_ends(self.plane.y_range, *ends[1])
            self._draw_contours(descents.contours(landscape, ends))
        if self.start.data["x1"] != [state.start[0]] or self.start.data["x2"] != [state.start[1]]:
            self.start.data = {"x1": [state.start[0]], "x2": [state.start[1]]}

    def _draw_contours(self, found: descents.Contours) -> None:
        look, values = self.page.look, np.ma.masked_invalid(found.values)
        if self.contours is not None:
            self.contours.set_data(contour_data(found.x1, found.x2, values, found.levels))
            return
        self.contours = self.plane.contour(
            found.x1,
            found.x2,
            values,
            found.levels,
            fill_color=ramp(look.valley, look.wall, len(found.levels) - 1),
            line_color=look.contour,
            line_width=0.7,
        )
        self.contours.level = "image"

    def _grab(self, event: Any) -> None:
        widths = [span.end - span.start for span in (self.plane.x_range, self.plane.y_range)]
        away = [
            abs(at - begin) / width
            for at, begin, width in zip((event.x, event.y), self.page.state.start, widths, strict=True)
        ]
        self.dragging = max(away) < NEAR

    def _drag(self, event: Any) -> None:
        if self.dragging:
            self._place(event)

    def _drop(self, _: Any) -> None:
        self.dragging = False

    def _place(self, event: Any) -> None:
        """The start moves to the pointer, no farther than the window."""
        point = [
            min(max(float(at), span.start), span.end)
            for at, span in zip((event.x, event.y), (self.plane.x_range, self.plane.y_range), strict=True)
        ]
        self.page.change(start=(float(readable(point[0])), float(readable(point[1]))))
