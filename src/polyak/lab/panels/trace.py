"""The trace: contours, a start to drag, and every step of up to four rules."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from bokeh.events import Pan, PanEnd, PanStart, PointEvent, Tap
from bokeh.models import ColumnDataSource, ContourRenderer, Range1d
from bokeh.plotting.contour import contour_data

from polyak.ground.numbers import readable
from polyak.lab.background import Task, attempted
from polyak.lab.checking import MOST_RULES
from polyak.lab.computing import descents
from polyak.lab.computing.descents import Descent, descents_of
from polyak.lab.figures import send, set_ends
from polyak.lab.panel import Panel, Question
from polyak.lab.panels.curves import CURVES, Curves
from polyak.lab.session import Session
from polyak.lab.state import State
from polyak.landscapes import Landscape
from polyak.run import Trace
from polyak.show.browser import DASHES, MARKERS, OVER, lean, new_figure, ramp

NEAR = 0.07  # of the window: how near to the start a drag of it begins
MARKED = 200  # beyond this many steps a marker each hides the line
EMPTY: dict[str, Any] = {name: np.empty(0) for name in ("step", "x1", "x2", "size", *CURVES)}
SMALL, LARGE = 4.5, 12.0  # of a step's mark, and of the last one's

Traces: TypeAlias = dict[Descent, Trace]


class TracePanel(Panel):
    """The plane with the traces, and the curves below it."""

    name = "trace"
    order = 40
    sections = {
        "trace": '<p class="title">{{ say("plane") }}</p>{{ place("trace") }}<p class="hint">{{ say("hint") }}</p>',
        "curves": "".join(f'<div>{{{{ place("{name}") }}}}</div>' for name in CURVES),
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.sources: list[ColumnDataSource] = []
        self.start = ColumnDataSource({"x1": [], "x2": []}, name="start")
        self.minimisers = ColumnDataSource({"x1": [], "x2": []})
        self.plane = new_figure(
            session.look, "x₁", "x₂", 500, name="trace", x_range=Range1d(), y_range=Range1d()
        )
        self.curves = Curves(session.look, self.say)
        self.contours: ContourRenderer | None = None
        self.landscape: Landscape | None = None
        self.ends: descents.Ends | None = None
        self.task: Task | None = None
        self.traces: Traces = {}
        self.shown: list[object] = [None] * MOST_RULES
        self.columns: list[descents.Columns] = [{} for _ in range(MOST_RULES)]
        self.dragging = False
        self._draw_glyphs()
        self.plane.on_event(PanStart, self._grab)
        self.plane.on_event(Pan, self._drag)
        self.plane.on_event(PanEnd, self._drop)
        self.plane.on_event(Tap, self._place)
        self.roots = [self.plane, *self.curves.figures.values()]

    def _draw_glyphs(self) -> None:
        look, plane = self.session.look, self.plane
        star = {"marker": "star", "size": 17, "fill_color": look.ink, "line_color": look.paper}
        ring = {"size": 15, "fill_color": None, "line_color": look.ink, "line_width": 3}
        self.in_front = [
            plane.scatter("x1", "x2", source=self.minimisers, **star, **OVER),
            plane.scatter("x1", "x2", source=self.start, **ring, **OVER),
        ]
        lean(plane)

    def _draw_rule(self, k: int) -> ColumnDataSource:
        """What shows the k-th rule, made when there first is one."""
        look, source = self.session.look, ColumnDataSource(EMPTY, name=f"trace{k}")
        shared = {"color": look.rules[k], "source": source, **OVER}
        self.plane.line("x1", "x2", line_width=2, line_dash=DASHES[k], **shared)
        self.plane.scatter("x1", "x2", size="size", marker=MARKERS[k], **shared)
        self.curves.add(k, source)
        # The star and the ring stay in front of what comes: the last mark of a trace that arrives hides neither.
        ours = [each for each in self.plane.renderers if each in self.in_front]
        self.plane.renderers = [each for each in self.plane.renderers if each not in self.in_front] + ours
        lean(self.plane)
        return source

    # The traces themselves: computed at once, or in a thread where something has to be compiled.

    def draw(self, state: State) -> None:
        if self.task is not None:  # something is compiled: what is wanted then is drawn then
            return
        wanted = descents_of(state, self.session.offer)
        missing = [descent for descent in wanted if descent not in self.traces]
        if missing and not all(descent.compiled for descent in missing):
            # Compiling takes most of a second: in a thread, so that the other sessions do not wait for it.
            self.session.say(self.session.words.say("page", "compiling"))
            self.task = self.session.begin(
                lambda _: _computed(missing),
                lambda _, traces: self._compiled(traces),
                lambda _, text: self._not_compiled(text),
            )
            return
        outcome = attempted(lambda: _computed(missing))
        if outcome.answer is None:
            self.session.say(outcome.complaint)
            return
        self.traces = {descent: (self.traces | outcome.answer)[descent] for descent in wanted}
        self._show(state, [self.traces[descent] for descent in wanted])

    def _compiled(self, traces: Traces) -> None:
        self.task = None
        self.traces |= traces
        self.session.say("")
        with self.session.budget.spending():
            self.draw(self.session.state)
            self.settle(self.session.state)

    def _not_compiled(self, text: str) -> None:
        self.task = None
        self.session.say(text)

    @classmethod
    def warm_up(cls, question: Question) -> None:
        state, landscape = question.state, question.landscape
        descents.contours(landscape, descents.window(landscape, state.start))
        _computed(descents_of(state, question.offer))

    # What is shown of them.

    def _show(self, state: State, traces: list[Trace], *, settled: bool = False) -> None:
        self._draw_window(state, traces, settled=settled)
        while len(self.sources) < len(traces):
            self.sources.append(self._draw_rule(len(self.sources)))
        for k, source in enumerate(self.sources):
            trace = traces[k] if k < len(traces) else None
            if (trace, state.shown, self.ends) != self.shown[k]:
                self.shown[k] = trace, state.shown, self.ends
                self.columns[k] = {} if trace is None else self._columns(trace, state)
                source.data = self.columns[k] or EMPTY
        self.curves.fit(self.columns, settled=settled)
        self.curves.draw(state.steps, state.shown)

    def settle(self, state: State) -> None:
        wanted = descents_of(state, self.session.offer)
        if all(descent in self.traces for descent in wanted):
            self._show(state, [self.traces[descent] for descent in wanted], settled=True)

    def _columns(self, trace: Trace, state: State) -> descents.Columns:
        assert self.landscape is not None
        assert self.ends is not None
        columns = descents.columns(trace, self.ends, descents.floor_of(self.landscape))
        columns["x1"][state.shown + 1 :] = columns["x2"][state.shown + 1 :] = np.nan
        columns["size"] = np.full(len(columns["step"]), SMALL if state.steps <= MARKED else 0.0)
        columns["size"][state.shown] = LARGE
        return columns

    def _draw_window(self, state: State, traces: list[Trace], *, settled: bool) -> None:
        """The window, the contours in it, minimisers and the start, where they have changed."""
        landscape = self.session.offer.landscapes[state.landscape]
        another = landscape is not self.landscape
        ends = descents.window(landscape, state.start, [trace.positions for trace in traces])
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
        send(self.start, {"x1": [state.start[0]], "x2": [state.start[1]]})

    def _draw_contours(self, contours: descents.Contours) -> None:
        look, values = self.session.look, np.ma.masked_invalid(contours.values)
        where = contours.x1, contours.x2, values, contours.levels
        if self.contours is not None:
            self.contours.set_data(contour_data(*where))
            return
        colours = ramp(look.valley, look.wall, len(contours.levels) - 1)
        self.contours = self.plane.contour(
            *where, fill_color=colours, line_color=look.contour, line_width=0.7
        )
        self.contours.level = "image"

    # The start, dragged.

    def _grab(self, event: PointEvent) -> None:
        spans, start = (self.plane.x_range, self.plane.y_range), self.session.state.start
        away = [
            abs(at - begin) / (span.end - span.start)
            for at, begin, span in zip((event.x, event.y), start, spans, strict=True)
        ]
        self.dragging = max(away) < NEAR

    def _drag(self, event: PointEvent) -> None:
        if self.dragging:
            self._place(event)

    def _drop(self, _: PointEvent) -> None:
        self.dragging = False

    def _place(self, event: PointEvent) -> None:
        """The start moves to the pointer, no farther than the window."""
        point = [
            min(max(float(at), span.start), span.end)
            for at, span in zip((event.x, event.y), (self.plane.x_range, self.plane.y_range), strict=True)
        ]
        self.session.change(start=(float(readable(point[0])), float(readable(point[1]))))


def _computed(wanted: list[Descent]) -> Traces:
    return {descent: descent.trace() for descent in wanted}
